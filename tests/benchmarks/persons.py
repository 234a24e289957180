"""How often somebody complains of a brand again, how soon, and in which case: ``python -m tests.benchmarks.persons``.

Needs ../shared/data. Prints the table of docs/measurements.md. Followed by the word ``words``, it prints pairs of posts
of one person that the model gives different topics, drawn by chance from each row, to be read by a person.
"""

import random
import sqlite3
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

POSTS = Path(__file__).parents[2].parent / "shared" / "data" / "replay" / "airlines_2015" / "posts.jsonl"
HOURS = (0, 1, 6, 24, 10_000)
DRAWN = 22

PAIRS = """
SELECT before.text AS first, later.text AS second, before.case_id = later.case_id AS together,
    before.cause_id = later.cause_id AS alike, (julianday(later.posted_at) - julianday(before.posted_at)) * 24 AS hours
FROM (
    SELECT *, lag(id) OVER (PARTITION BY brand, platform, author ORDER BY posted_at, id) AS last
    FROM mentions WHERE case_id IS NOT NULL AND author IS NOT NULL AND NOT is_own
) AS later JOIN mentions AS before ON before.id = later.last
"""
"""A complaint, and the one before of the same person about the same brand."""


def main() -> None:
    if not POSTS.is_file():
        print(f"skipped: the recorded posts are not at {POSTS}")
        return
    with tempfile.TemporaryDirectory(prefix="umbrage-persons-") as folder:
        database = Path(folder) / "replay.db"
        command = [sys.executable, "-m", "monitor", "replay", str(POSTS), "--json", "--database", str(database)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with sqlite3.connect(database) as connection:
            connection.row_factory = sqlite3.Row
            (complaints, cases) = connection.execute(
                "SELECT count(case_id), count(DISTINCT case_id) FROM mentions"
            ).fetchone()
            pairs = connection.execute(PAIRS).fetchall()
    print(f"{complaints:,} complaints in {cases:,} cases\n")
    print("| the same person again, after hours | pairs | another topic | in the same case |\n|---|---|---|---|")
    for least, most in pairwise(HOURS):
        _row(least, most, [pair for pair in pairs if least <= pair["hours"] < most])


def _row(least: int, most: int, pairs: list[Any]) -> None:
    others = [pair for pair in pairs if not pair["alike"]]
    span = f"{least} to {most}" if most < HOURS[-1] else f"{least} and more"
    print(f"| {span} | {len(pairs)} | {len(others)} | {sum(pair['together'] for pair in pairs)} |", flush=True)
    if sys.argv[1:] == ["words"]:
        for pair in random.Random(5).sample(others, min(DRAWN, len(others))):
            print(f"  {pair['hours']:.1f} h: {' '.join(pair['first'].split())} ... {' '.join(pair['second'].split())}")


if __name__ == "__main__":
    main()
