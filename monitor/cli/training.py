"""The command ``train``: a model that learns from people's labels."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.common import settings_of
from monitor.cli.lines import rows_in

if TYPE_CHECKING:
    from monitor.learning.labels import Labelled
    from monitor.learning.retrain import Figures, Outcome, Progress, Shelf

FOLDER = Path("model")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False, exists=True), required=False)
@click.option("-c", "--config", type=click.Path(path_type=Path, dir_okay=False), help="Use its stored corrections too.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    show_default=True,
    help="The folder of your own model.",
)
@click.option("--other-languages", is_flag=True, help="Fit the network for other languages than English instead.")
@click.option("--undo", is_flag=True, help="Put back the model that the last training replaced.")
def train(file: Path | None, config: Path | None, folder: Path, *, other_languages: bool, undo: bool) -> None:
    """Fit the shipped model to your labels: JSONL or CSV with "text" and "complaint" (1 or 0), and stored corrections.

    Three tenths of the labels are held back. The new model is installed only if it is better on them and no worse on
    the posts that ship with umbrage; otherwise nothing changes and the exit code is 1. Needs seconds, no GPU and no
    PyTorch. Then name the folder in [classifier]: folder = "model". Labels in other languages are for the second
    network: --other-languages, and then languages_folder = "model".

    \b
    Examples:  umbrage train labelled.jsonl
               umbrage train -c monitor.toml --to model
               umbrage train german.jsonl --other-languages --to model-languages
               umbrage train --undo
    """
    from monitor.learning import retrain

    if undo:
        retrain.undo(folder)
        click.echo(f"{folder} holds the earlier model again")
        return
    left_out: Counter[str] = Counter()
    given = [*(_corrections(config) if config else ()), *(_rows(file, left_out) if file else ())]
    labelled = _readable(given, left_out, other_languages=other_languages)
    if not labelled:
        raise click.ClickException(
            "no labels: give a FILE of labelled posts, or -c monitor.toml for stored corrections"
            + (f" ({_reasons(left_out)} were left out)" if left_out.total() else "")
        )
    outcome = _retrained(labelled, folder, other_languages=other_languages)
    option = "languages_folder" if other_languages else "folder"
    click.echo("\n".join(_lines(outcome, folder, option, left_out)))
    if outcome.refused:
        raise click.exceptions.Exit(1)


def _readable(given: "list[Labelled]", left_out: Counter[str], *, other_languages: bool) -> "list[Labelled]":
    """The labels of posts that the network to be fitted reads."""
    from monitor.languages import LanguageTeller
    from monitor.model_files import LANGUAGES, shipped, verified

    others = verified(shipped(LANGUAGES), ()).languages
    language_of = LanguageTeller()
    found = [post for post in given if (language_of(post.text) in others) == other_languages]
    left_out["for the English network" if other_languages else "for --other-languages"] += len(given) - len(found)
    return found


def _retrained(labelled: "list[Labelled]", folder: Path, *, other_languages: bool) -> "Outcome":
    from monitor.learning.retrain import retrain
    from monitor.model_files import COMPLAINTS, LANGUAGES, shipped

    source = shipped(LANGUAGES if other_languages else COMPLAINTS)
    shelf = _shelf(source)
    posts = len(labelled) + len(shelf.rehearsal) + len(shelf.ratchet)
    with click.progressbar(length=posts, label="reading posts", file=sys.stderr) as bar:
        progress: Progress = bar.update
        return retrain(source, labelled, shelf, folder, folder.absolute().parent.name or "own", progress)


def _shelf(model: Path) -> "Shelf":
    """The posts that ship with a model."""
    from monitor.learning.retrain import Shelf

    files = [path for pattern in ("own/*.jsonl", "own.jsonl", "hard.jsonl") for path in sorted(model.glob(pattern))]
    rehearsal = [post for path in files for post in _rows(path, Counter())]
    return Shelf(rehearsal, _rows(model / "eval.jsonl", Counter()))


def _rows(path: Path, left_out: Counter[str]) -> "list[Labelled]":
    from monitor.core.text import clean
    from monitor.learning.labels import labelled

    with rows_in(path) as rows:
        return [replace(post, text=clean(post.text)) for post in labelled(rows, left_out)]


def _corrections(config: Path) -> "list[Labelled]":
    """What people have corrected so far, oldest first: the last word on a post counts."""
    from monitor.app import open_store
    from monitor.core.verdict import Label
    from monitor.learning.labels import Labelled
    from monitor.store.report import Report

    report = Report(open_store(settings_of(config).store, migrate=False).engine)
    known = [row for row in report.corrections() if row["label"] != Label.UNSURE]
    return [Labelled(text=row["text"], complaint=row["label"] == Label.COMPLAINT, brand=row["brand"]) for row in known]


def _lines(outcome: "Outcome", folder: Path, option: str, left_out: Counter[str]) -> Iterator[str]:
    yield f"trained on {outcome.trained} labels, judged on {outcome.held_back[0].rows} others"
    if left_out.total():
        yield f"{left_out.total()} rows left out: {_reasons(left_out)}"
    yield f"{'':28}{'macro-F1':>18}{'AUC':>18}{'log-loss':>18}"
    yield _row("your held-back labels", *outcome.held_back)
    yield _row("posts shipped with umbrage", *outcome.ratchet)
    if outcome.refused:
        yield f"not installed: {outcome.refused}; the model in use stays"
    else:
        yield f'installed in {folder}: set {option} = "{folder}" under [classifier]; umbrage train --undo goes back'


def _reasons(left_out: Counter[str]) -> str:
    return ", ".join(f"{times} {reason}" for reason, times in left_out.items() if times)


def _row(name: str, before: "Figures", after: "Figures") -> str:
    pairs = ((getattr(before, figure), getattr(after, figure)) for figure in ("macro_f1", "auc", "log_loss"))
    return f"{name:28}" + "".join(f"{f'{old:.3f} → {new:.3f}':>18}" for old, new in pairs)


COMMANDS = (train,)
