"""Commands of the learning loop: ``eval``, ``sample`` and ``recall``."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.common import as_json, settings_of, with_config
from monitor.cli.lines import rows_in

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from monitor.core.verdict import Score
    from monitor.learning.labels import Labelled
    from monitor.learning.sample import Design, Judged, Key
    from monitor.ports import Classifier
    from monitor.settings import ClassifierSettings
    from monitor.store.report import Report

BATCH = 64
HOW_TO_LABEL = 'give each row "complaint": 1 or 0 (docs/learning.md says how to decide)'
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("eval")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False, exists=True))
@click.option("-c", "--config", type=click.Path(path_type=Path, dir_okay=False), help="Take the classifier from here.")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), help="Draw two charts into this folder.")
@as_json
def eval_command(file: Path, config: Path | None, plots: Path | None, as_json: bool) -> None:
    """Measure the classifier on labelled posts: JSONL or CSV with "text" and "complaint" (1 or 0).

    Prints precision, recall, F1, macro-F1, AUC and calibration error with their 95 % intervals: of all rows and by
    "lang", "source" and "brand", where rows have them. A row without text or label is counted, and the exit code is 1.

    \b
    Examples:  umbrage eval labelled.jsonl
               umbrage eval labelled.csv -c monitor.toml --plots charts
    """
    from monitor.app import LazyClassifier
    from monitor.cli.figures import evaluation_lines
    from monitor.learning import charts
    from monitor.learning.evaluation import evaluate
    from monitor.settings import ClassifierSettings

    if plots:
        charts.require()
    settings = settings_of(config).classifier if config else ClassifierSettings()
    classifier, cutoffs = LazyClassifier(settings).get()
    left_out: Counter[str] = Counter()
    posts, scores = _scored(file, classifier, left_out)
    if not posts:
        raise click.ClickException(
            "\n".join([f"no row of {file} has a text and a label: {HOW_TO_LABEL}", *_reasons(left_out)])
        )
    found = evaluate(posts, scores, cutoffs, _aim(settings), classifier.model)
    if as_json:
        click.echo(json.dumps(found.as_json() | {"left_out": left_out}, ensure_ascii=False))
    else:
        click.echo("\n".join(evaluation_lines(found)))
    for path in charts.draw(found, plots) if plots else ():
        click.echo(f"wrote {path}", err=True)
    _end(left_out)


def _scored(file: Path, classifier: "Classifier", left_out: Counter[str]) -> tuple[list["Labelled"], list["Score"]]:
    """The labelled posts of a file, and what the classifier says about each."""
    from monitor.core.text import clean
    from monitor.learning.labels import labelled

    posts: list[Labelled] = []
    scores: list[Score] = []
    with rows_in(file) as rows:
        found = labelled(rows, left_out)
        while batch := list(islice(found, BATCH)):
            posts += batch
            scores += classifier.score([clean(post.text) for post in batch])
    return posts, scores


def _aim(settings: "ClassifierSettings") -> Any:
    from monitor.core.calibration import Aim

    return Aim(**settings.aim.model_dump(exclude_none=True)) if settings.aim else None


@click.command()
@click.option("-n", "--posts", "size", type=click.IntRange(20, 10_000), default=100, show_default=True, help="So many.")
@click.option("--days", type=click.IntRange(1, 36_500), default=30, show_default=True, help="Of the last so many days.")
@click.option("--since", type=MOMENT, help="From this moment on, in UTC, instead of --days.")
@click.option("--until", type=MOMENT, help="Before this moment, in UTC; now if not given.")
@click.option("--brand", help="Only posts about this brand.")
@click.option("--seed", default=1, show_default=True, help="The same seed draws the same posts; another seed, others.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the posts here.")
@click.option("--design", type=click.Path(path_type=Path, dir_okay=False), help="Write how they were drawn here.")
@with_config
def sample(
    size: int,
    days: int,
    since: datetime | None,
    until: datetime | None,
    brand: str | None,
    seed: int,
    out: Path | None,
    design: Path | None,
    config: Path,
) -> None:
    """Draw stored posts to be labelled blind, to learn how many complaints were missed.

    Writes JSONL with "complaint": null, to be set to 1 or 0, and beside it how the posts were drawn (OUT.design.json,
    or --design), which umbrage recall needs. Alerted and other posts are drawn, in an order that says nothing; no score
    is shown, so that none can sway whoever labels.

    \b
    Examples:  umbrage sample -n 150 --days 30 -o sample.jsonl
               umbrage sample --since 2026-10-01 --until 2026-11-01 --brand Acme -o october.jsonl
    """
    from monitor.app import clock, open_store
    from monitor.learning.sample import draw
    from monitor.store.report import Report

    if out is None and design is None:
        raise click.UsageError("give --out FILE, or --design FILE to have the posts printed; recall needs the design")
    beside = design or _beside(out or Path())
    _must_be_new(beside, out)
    before = _utc(until) or clock()
    start = _utc(since) or before - timedelta(days=days)
    report = Report(open_store(settings_of(config).store, migrate=False).engine)
    drawn = draw(_judged(report, start, before, brand), size, seed)
    if not drawn.parts:
        raise click.ClickException(
            f"no judged posts{f' about {brand}' if brand else ''} from {start:%Y-%m-%d %H:%M} to "
            f"{before:%Y-%m-%d %H:%M} UTC; name another time with --since or --days"
        )
    rows = {row["id"]: row for row in report.texts(drawn.shuffled(seed))}
    keys = {number: (row["platform"], row["native_id"], row["brand"]) for number, row in rows.items()}
    known = drawn.design(keys, since=start, until=before, brand=brand, seed=seed)
    _write(beside, [known.model_dump_json()])
    _write(out, (_unlabelled(rows[number]) for number in drawn.shuffled(seed)))
    click.echo(
        f"{len(rows)} of {known.posts:,} posts in {out or 'the output'}, how they were drawn in {beside}; label them "
        f"without looking there, then: umbrage recall {out or 'FILE'}{f' --design {design}' if design else ''}",
        err=True,
    )


def _judged(report: "Report", since: datetime, until: datetime, brand: str | None) -> "Iterator[Judged]":
    from monitor.core.verdict import Label
    from monitor.learning.sample import Judged

    for row in report.judged(since, until, brand):
        yield Judged(row["id"], Label(row["label"]), row["complaint"], row["model"])


def _unlabelled(row: "RowMapping") -> str:
    shown = {"id": row["native_id"], **{name: row[name] for name in ("platform", "brand", "text")}, "complaint": None}
    return json.dumps(shown, ensure_ascii=False)


def _beside(file: Path) -> Path:
    """Where the design of a sample is, unless it was put elsewhere."""
    return file.with_name(f"{file.name}.design.json")


def _must_be_new(*paths: Path | None) -> None:
    """Labels are work: no file is written over."""
    for path in paths:
        if path is not None and path.exists():
            raise click.ClickException(f"{path} exists already; nothing was changed")


def _write(path: Path | None, lines: Iterable[str]) -> None:
    """Lines into a new file, or to standard output."""
    whole = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    try:
        if path is None:
            click.echo(whole, nl=False)
        else:
            path.write_bytes(whole)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None


def _utc(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False, exists=True))
@click.option("--design", type=click.Path(path_type=Path, dir_okay=False), help="Where the design is, if elsewhere.")
@as_json
def recall(file: Path, design: Path | None, as_json: bool) -> None:
    """Estimate from a labelled sample how many of the complaints were alerted, with a 95 % interval.

    Reads what umbrage sample wrote, once its posts have "complaint": 1 or 0 (JSONL, or CSV with the same columns), and
    the design beside it. A post without a label is counted, and the exit code is 1.

    \b
    Example:  umbrage recall sample.jsonl
    """
    from monitor.cli.figures import estimate_lines
    from monitor.learning.recall import estimate

    known = _read_design(design or _beside(file))
    left_out: Counter[str] = Counter()
    found = estimate(known, _labels(file, known, left_out))
    if as_json:
        click.echo(json.dumps(found.as_json() | {"left_out": left_out}, ensure_ascii=False))
    else:
        click.echo("\n".join(estimate_lines(found, known)))
    _end(left_out)


def _read_design(path: Path) -> "Design":
    from pydantic import ValidationError

    from monitor.learning.sample import Design

    try:
        return Design.model_validate_json(path.read_bytes())
    except OSError as error:
        raise click.ClickException(
            f"{path}: {error.strerror}; name the design that umbrage sample wrote with --design"
        ) from None
    except ValidationError:
        raise click.ClickException(f"{path}: not a design that this umbrage wrote; draw another sample") from None


def _labels(file: Path, design: "Design", left_out: Counter[str]) -> "dict[Key, bool]":
    """The labels of the posts that were drawn; what has none is counted."""
    from monitor.learning.labels import NotALabel, label_of, require_readable

    drawn = {key for part in design.strata for key in part.sample}
    found: dict[Key, bool] = {}
    with rows_in(file) as rows:
        for row in rows:
            key = (str(row.get("platform")), str(row.get("id")), str(row.get("brand")))
            try:
                if key not in drawn:
                    require_readable(row)
                    raise NotALabel("not a post of this sample")
                found[key] = label_of(row)
            except NotALabel as reason:
                left_out[str(reason)] += 1
    return found


def _end(left_out: Counter[str]) -> None:
    """Say what was left out; then the exit code is 1."""
    if left_out:
        click.echo("\n".join(_reasons(left_out)), err=True)
        raise click.exceptions.Exit(1)


def _reasons(left_out: Counter[str]) -> Iterator[str]:
    """How many rows were left out and why, the commonest reason first."""
    if count := left_out.total():
        yield f"umbrage: {count:,} row{'s' * (count > 1)} left out"
        for reason, times in left_out.most_common():
            yield f"  {times:,}: {reason}"


COMMANDS = (eval_command, sample, recall)
