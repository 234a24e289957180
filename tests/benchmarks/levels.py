"""How the cases of recorded posts spread over the levels: ``python -m tests.benchmarks.levels``.

Needs ../shared/data. Prints the table of docs/measurements.md, and why cases are of the first level. Followed by the
word ``words``, it prints those cases' posts, to be read by a person.
"""

import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from monitor.core.level import Level

REPLAYS = Path(__file__).parents[2].parent / "shared" / "data" / "replay"
KEPT = "state NOT IN ('not_a_complaint', 'not_about_us', 'duplicate')"
MINUTES = 12
"""The median of the companies' first public replies in twcs_2017."""

AGAIN = (
    "(SELECT count(*) FROM facts WHERE facts.case_id = cases.id AND facts.step = 'wrote_again'"
    f" AND julianday(facts.at) > julianday(cases.opened_at) + {MINUTES} / 1440.0)"
)
"""Where nobody answers, a customer who writes again so much later stands for a second failure."""

WAYS = {"as they were told": "level", f"had each been answered after {MINUTES} min": f"max(1, level - ({AGAIN} > 0))"}


def main() -> None:
    if not REPLAYS.is_dir():
        print(f"skipped: the recorded posts are not at {REPLAYS}")
        return
    print("| posts | cases | | " + " | ".join(str(int(level)) for level in Level))
    reasons: Counter[str] = Counter()
    for folder in sorted(REPLAYS.iterdir()):
        with tempfile.TemporaryDirectory(prefix="umbrage-levels-") as kept:
            database = Path(kept) / "replay.db"
            command = [sys.executable, "-m", "monitor", "replay", str(folder / "posts.jsonl"), "--json"]
            subprocess.run([*command, "--database", str(database)], check=True, stdout=subprocess.DEVNULL)
            with sqlite3.connect(database) as connection:
                for way, level in WAYS.items():
                    _row(folder.name, way, level, connection)
                reasons += _reasons(connection)
    print("\n| why level 1 | cases |\n|---|---|")
    for reason, count in reasons.most_common():
        print(f"| {reason} | {count} |")


def _row(name: str, way: str, level: str, connection: sqlite3.Connection) -> None:
    query = f"SELECT {level} AS now, count(*) FROM cases WHERE {KEPT} GROUP BY now"
    counts: Counter[int] = Counter(dict(connection.execute(query)))
    shares = [f"{counts[int(one)] / max(counts.total(), 1):.1%}" for one in Level]
    print(f"| {name} | {counts.total():,} | {way} | " + " | ".join(shares) + " |", flush=True)


def _reasons(connection: sqlite3.Connection) -> Counter[str]:
    first = f"level = {int(Level.ACT_NOW)} AND {KEPT}"
    if sys.argv[1:] == ["words"]:
        words = "SELECT m.text, c.reasons FROM mentions m JOIN cases c ON c.id = m.case_id"
        for text, why in connection.execute(f"{words} WHERE c.{first} ORDER BY m.id"):
            print(f"{why}: {' '.join(text.split())}", file=sys.stderr)
    query = f"SELECT reason.value FROM cases, json_each(cases.reasons) AS reason WHERE {first} AND reason.key = 0"
    return Counter(why for (why,) in connection.execute(query))


if __name__ == "__main__":
    main()
