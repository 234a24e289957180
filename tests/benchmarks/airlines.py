"""The replay of a real week of airline posts, held against its labels: ``python -m tests.benchmarks.airlines``.

Needs ../shared/data. Prints the tables of docs/measurements.md.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2].parent / "shared" / "data"
REPLAY = DATA / "replay" / "airlines_2015"

Row = dict[str, Any]


def main() -> None:
    if not REPLAY.is_dir():
        print(f"skipped: the recorded posts are not at {REPLAY}")
        return
    begun = time.perf_counter()
    command = [sys.executable, "-m", "monitor", "replay", str(REPLAY / "posts.jsonl"), "--json"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    wall = time.perf_counter() - begun
    _speed(report, wall)
    _verdicts(report)
    _volume(report)
    _spans(report)


def _speed(report: Row, wall: float) -> None:
    spent, posts = report["seconds"], report["posts"]
    print(f"{posts:,} posts, {report['stored']:,} stored, {wall:.0f} s wall\n")
    print("| stage | CPU s | posts per CPU second |\n|---|---|---|")
    for stage, seconds in [*spent.items(), ("all", sum(spent.values()))]:
        print(f"| {stage} | {seconds:.1f} | {posts / max(seconds, 0.001):,.0f} |")


def _verdicts(report: Row) -> None:
    gold = {row["id"]: row for row in _lines(REPLAY / "gold.jsonl")}
    seen = {row["id"] for name in ("complaints", "topics") for row in _lines(DATA / name / "train.jsonl")}
    validated = {row["id"] for row in _lines(DATA / "complaints" / "val.jsonl")}
    parts = {
        "all posts": set(gold),
        "in the model's training part": set(gold) & seen,
        "never trained on, threshold chosen on them": (set(gold) & validated) - seen,
        "never seen (test part)": set(gold) - seen - validated,
    }
    print("\n| posts | n (negative) | precision | recall |\n|---|---|---|---|")
    for name, ids in parts.items():
        truth = {post for post in ids if gold[post]["sentiment"] == "negative"}
        said = {post for post in ids if report["verdicts"].get(post, {}).get("label") == "complaint"}
        precision = len(truth & said) / max(len(said), 1)
        recall = len(truth & said) / max(len(truth), 1)
        print(f"| {name} | {len(ids):,} ({len(truth):,}) | {precision:.3f} | {recall:.3f} |")


def _volume(report: Row) -> None:
    alerts = report["alerts"]
    days = sorted({alert["at"][:10] for alert in alerts})
    print(f"\nMessages in the channel (quiet follow-ups in threads), by day of {days[0][:7]}:\n")
    print("| brand | posts | " + " | ".join(day[8:] for day in days) + " |\n|---|---|" + "---|" * len(days))
    posts = Counter(row["brand"] for row in _lines(REPLAY / "posts.jsonl"))
    counts = Counter((alert["brand"], alert["at"][:10], alert["in_thread"]) for alert in alerts)
    for brand, number in posts.most_common():
        cells = [f"{counts[brand, day, False]} ({counts[brand, day, True]})" for day in days]
        print(f"| {brand} | {number:,} | " + " | ".join(cells) + " |")
    told = Counter(post for alert in alerts for post in alert["mentions"])
    print(f"\nComplaints told: {len(told):,}; told more than once: {sum(count > 1 for count in told.values())}")


def _spans(report: Row) -> None:
    events = json.loads((REPLAY / "events.json").read_text("utf-8"))
    print("\n| span | wanted | messages in the channel in the span: growth and surges (first ones) |\n|---|---|---|")
    for event in events:
        inside = [
            alert
            for alert in report["alerts"]
            if alert["brand"] == event["brand"]
            and event["start"] <= alert["at"] < event["end"]
            and not alert["in_thread"]
        ]
        loud = [a for a in inside if a["reason"] != "first complaint"]
        shown = ", ".join(f"{a['at'][11:16]} {a['reason']}: {a['case'].split('/')[2]}" for a in loud) or "none"
        span = f"{event['brand']} {event['start'][5:16].replace('T', ' ')} to {event['end'][11:16]}"
        print(f"| {span} | {event['wanted']} | {shown} ({len(inside) - len(loud)}) |")


def _lines(path: Path) -> Iterable[Row]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
