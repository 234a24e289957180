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
OVERRULED = "state NOT IN ('not_a_complaint', 'not_about_us', 'duplicate')"


def main() -> None:
    if not REPLAYS.is_dir():
        print(f"skipped: the recorded posts are not at {REPLAYS}")
        return
    print("| posts | cases | " + " | ".join(str(int(level)) for level in Level) + " |\n|---|---|" + "---|" * len(Level))
    reasons: Counter[str] = Counter()
    for folder in sorted(REPLAYS.iterdir()):
        with tempfile.TemporaryDirectory(prefix="umbrage-levels-") as kept:
            database = Path(kept) / "replay.db"
            command = [sys.executable, "-m", "monitor", "replay", str(folder / "posts.jsonl"), "--json"]
            subprocess.run([*command, "--database", str(database)], check=True, stdout=subprocess.DEVNULL)
            with sqlite3.connect(database) as connection:
                _row(folder.name, connection)
                reasons += _reasons(connection)
    print("\n| why level 1 | cases |\n|---|---|")
    for reason, count in reasons.most_common():
        print(f"| {reason} | {count} |")


def _row(name: str, connection: sqlite3.Connection) -> None:
    counts = Counter(dict(connection.execute(f"SELECT level, count(*) FROM cases WHERE {OVERRULED} GROUP BY level")))
    total = counts.total()
    shares = [f"{counts[int(level)] / max(total, 1):.1%}" for level in Level]
    print(f"| {name} | {total:,} | " + " | ".join(shares) + " |", flush=True)


def _reasons(connection: sqlite3.Connection) -> Counter[str]:
    first = f"level = {int(Level.ACT_NOW)} AND {OVERRULED}"
    if sys.argv[1:] == ["words"]:
        query = (
            f"SELECT m.text, c.reasons FROM mentions m JOIN cases c ON c.id = m.case_id WHERE c.{first} ORDER BY m.id"
        )
        for text, why in connection.execute(query):
            print(f"{why}: {' '.join(text.split())}", file=sys.stderr)
    query = f"SELECT reason.value FROM cases, json_each(cases.reasons) AS reason WHERE {first} AND reason.key = 0"
    return Counter(why for (why,) in connection.execute(query))


if __name__ == "__main__":
    main()
