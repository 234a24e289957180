"""All benchmarks in one run, as one table.

``--full`` takes ten minutes more: half a million stored posts, and alerts with the shipped model too.
"""

import sys
import time

from tests.benchmarks import classifiers, pipeline, promptness, startup


def main() -> None:
    print(f"Python {sys.version.split()[0]}; a busy machine spoils wall times, so CPU time is what is compared\n")
    print(f"{'figure':<58} {'measured':>12} {'bar':>12}")
    for part in (startup, promptness, classifiers, pipeline):
        begun = time.perf_counter()
        for name, measured, bar in part.figures():
            print(f"{name:<58} {measured:>12} {bar:>12}", flush=True)
        print(f"  ({time.perf_counter() - begun:.0f} s)", flush=True)


main()
