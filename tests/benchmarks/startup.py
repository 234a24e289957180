"""How long ``umbrage --help`` takes and how much memory the service needs at rest."""

import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

CONFIG = """
[store]
url = "sqlite:///{folder}/umbrage.db"
[[brands]]
name = "Acme"
terms = ["Acme"]
[sources.exports]
use = "file"
path = "{folder}/*.jsonl"
every = "1s"
[targets.console]
use = "console"
"""

POST = '{"id": "1", "text": "Acme lost my parcel and nobody answers", "created_at": "2026-01-01T00:00:00Z"}\n'


def figures() -> Iterator[tuple[str, str, str]]:
    yield "umbrage --help, CPU s (median of 7)", f"{_help_cpu():.2f}", "< 0.30"
    rss, cpu = _service_at_rest()
    yield "service at rest with the model loaded, MB", f"{rss:.0f}", "< 250"
    yield "service at rest, CPU in one minute, s", f"{cpu:.2f}", ""


def _help_cpu() -> float:
    spent = []
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "monitor", "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent)


def _service_at_rest() -> tuple[float, float]:
    """Resident memory in MB and CPU seconds per minute of a real service that has judged a post and waits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "posts.jsonl").write_text(POST)
        (folder / "monitor.toml").write_text(CONFIG.format(folder=folder))
        command = [sys.executable, "-m", "monitor", "run", "-c", str(folder / "monitor.toml")]
        with (folder / "log").open("w") as log:
            service = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                time.sleep(15)  # noqa: TID251 - a real process at rest
                before = _cpu(service.pid)
                time.sleep(20)  # noqa: TID251
                return _rss(service.pid), (_cpu(service.pid) - before) * 3
            finally:
                service.send_signal(signal.SIGTERM)
                service.wait(15)


def _rss(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
