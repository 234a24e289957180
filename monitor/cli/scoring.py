"""The command ``classify``: texts in, probabilities out."""

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.common import settings_of
from monitor.cli.lines import UNREADABLE, rows_in

if TYPE_CHECKING:
    from monitor.core.calibration import Cutoffs
    from monitor.core.verdict import Verdict
    from monitor.ports import Classifier

BATCH = 64


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False, exists=True), default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "lines"]),
    help="What the input is; guessed from its first line if not given.",
)
@click.option("-c", "--config", type=click.Path(path_type=Path, dir_okay=False), help="Take the classifier from here.")
def classify(file: Path, form: str | None, config: Path | None) -> None:
    """Judge texts: JSONL with "text", CSV with a text column, or plain lines; "-" is standard input.

    Writes JSONL in the same order: every input field, plus complaint (probability 0 to 1), label, topics and model.
    A line that cannot be read comes out with "error" instead, and the exit code is 1.

    \b
    Examples:  echo "my parcel never arrived" | umbrage classify
               umbrage classify posts.jsonl > judged.jsonl
    """
    from monitor.app import LazyClassifier
    from monitor.settings import ClassifierSettings

    settings = settings_of(config).classifier if config else ClassifierSettings()
    classifier, cutoffs = LazyClassifier(settings).get()
    failed = 0
    with rows_in(file, form) as rows:
        while batch := list(islice(rows, BATCH)):
            failed += _judge(batch, classifier, cutoffs)
    if failed:
        click.echo(f"umbrage: {failed} lines could not be read; each carries its error in the output", err=True)
        raise click.exceptions.Exit(1)


def _judge(batch: list[dict[str, Any]], classifier: "Classifier", cutoffs: "Cutoffs") -> int:
    """Write one batch, and return how many of its rows could not be read."""
    from monitor.app import clock
    from monitor.core.text import clean
    from monitor.core.verdict import judge

    readable = [row for row in batch if UNREADABLE not in row]
    scores = iter(classifier.score([clean(row["text"]) for row in readable]))
    for row in batch:
        if UNREADABLE not in row:
            score = next(scores)
            row |= _said(judge(score, classifier.model, cutoffs.of(score.language), clock()))
        click.echo(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    return len(batch) - len(readable)


def _said(verdict: "Verdict") -> dict[str, Any]:
    """A verdict as output fields; what the classifier does not judge is left out."""
    more = {
        "sentiment": verdict.sentiment,
        "intent": verdict.intent,
        "severity": [verdict.severity.low, verdict.severity.high] if verdict.severity else None,
        "arousal": verdict.arousal if verdict.arousal is None else round(verdict.arousal, 2),
        "language": verdict.language,
        "unmeasured_language": None if verdict.is_measured else True,
    }
    return {
        "complaint": round(verdict.complaint, 4),
        "label": verdict.label,
        "topics": list(verdict.topics),
        **{name: value for name, value in more.items() if value is not None},
        "model": verdict.model,
    }


COMMANDS = (classify,)
