"""Draws how right a classifier was: reliability, and precision against recall. Needs matplotlib."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.core.errors import UmbrageError
from monitor.learning.evaluation import Evaluation
from monitor.measures import Figure, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#767676"
"""Okabe and Ito's colours, which people tell apart whatever they see."""

_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "figure.dpi": 144,
}


def require() -> None:
    """Raise an error that says what to install when matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UmbrageError("charts need matplotlib: pip install 'umbrage[plots]'") from None


def draw(found: Evaluation, folder: Path) -> list[Path]:
    """Write ``reliability.png`` and, where there are complaints, ``precision-recall.png`` into a folder."""
    require()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        drawn = [_reliability(found, folder / "reliability.png")]
        if found.curve:
            drawn.append(_precision_recall(found, folder / "precision-recall.png"))
    except OSError as error:
        raise UmbrageError(f"{folder}: the charts cannot be written: {error.strerror}") from error
    return drawn


@contextmanager
def _sheet(path: Path, title: str, subtitle: str) -> "Iterator[Sheet]":
    """A drawing that is saved at the end of the block; nothing opens a window."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Sheet

    with mpl.rc_context(_STYLE):
        sheet = Sheet(figsize=(6.4, 6.4), layout="constrained")
        FigureCanvasAgg(sheet)
        sheet.suptitle(f"{title}\n", x=0.02, ha="left", fontsize=13, fontweight="bold")
        sheet.text(0.02, 0.93, subtitle, color=GREY, fontsize=9)
        yield sheet
        sheet.savefig(path)


def _reliability(found: Evaluation, path: Path) -> Path:
    whole = found.all
    subtitle = f"{found.model} · {whole.rows:,} labelled posts · calibration error {whole.ece:.3f}"
    with _sheet(path, "What a probability was worth", subtitle) as sheet:
        above, below = sheet.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        above.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="as promised")
        middles = [one.probability for one in found.reliability]
        shares = [one.share.value for one in found.reliability]
        lows = [one.share.value - one.share.interval[0] for one in found.reliability]
        highs = [one.share.interval[1] - one.share.value for one in found.reliability]
        above.errorbar(
            middles, shares, yerr=(lows, highs), fmt="o-", color=BLUE, capsize=3, label="as found, 95 % interval"
        )
        _thresholds(above, found)
        above.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that were complaints")
        above.legend(loc="lower right", framealpha=1, edgecolor="w")
        _counts(below, found)
    return path


def _counts(axes: "Axes", found: Evaluation) -> None:
    """How many posts each point stands for."""
    lefts = [one.low for one in found.reliability]
    widths = [one.high - one.low for one in found.reliability]
    bars = axes.bar(
        lefts, [one.share.of for one in found.reliability], widths, align="edge", color=BLUE, alpha=0.35, edgecolor="w"
    )
    axes.bar_label(bars, fontsize=8, color=GREY)
    axes.margins(y=0.25)
    axes.set(xlabel="probability that the classifier gave", ylabel="posts")
    axes.grid(visible=False)


def _thresholds(axes: "Axes", found: Evaluation) -> None:
    """The thresholds in use, named above the axes: the lower one leans to the left, so that they never meet."""
    tiers = (("digest", found.usual.digest, GREEN, "right"), ("alert", found.usual.alert, ORANGE, "left"))
    for name, place, colour, side in tiers:
        axes.axvline(place, color=colour, linestyle=":", linewidth=1.5)
        axes.text(place, 1.03, f"{name} {place:.2f}", color=colour, horizontalalignment=side)


def _precision_recall(found: Evaluation, path: Path) -> Path:
    whole = found.all
    subtitle = f"{found.model} · {whole.rows:,} labelled posts, {whole.complaints:,} of them complaints"
    with _sheet(path, "How many are found, and how many alerts are right", subtitle) as sheet:
        axes = sheet.subplots()
        recalls, precisions = [one.recall for one in found.curve], [one.precision for one in found.curve]
        axes.plot(recalls, precisions, color=BLUE, linewidth=1.8, label="by threshold (the numbers)")
        _marks(axes, found.curve)
        share = whole.complaints / whole.rows
        axes.axhline(share, color=GREY, linestyle="--", linewidth=1, label=f"alerting everything: {share:.2f} right")
        _tier(axes, "digest", found.usual.digest, whole.digest_recall, whole.digest_precision, (GREEN, "s"))
        _tier(axes, "alert", found.usual.alert, whole.recall, whole.precision, (ORANGE, "o"))
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
        axes.set(xlabel="recall: share of the complaints that are found", ylabel="precision: share that are complaints")
        axes.legend(loc="lower left", framealpha=1, edgecolor="w")
    return path


def _marks(axes: "Axes", points: Sequence[Point]) -> None:
    """A dot with its number where the curve passes a round threshold."""
    for mark in (0.9, 0.7, 0.5, 0.3, 0.1):
        passed = [one for one in points if one.threshold >= mark]
        if passed and passed[-1] is not points[-1]:
            place = (passed[-1].recall, passed[-1].precision)
            axes.plot(*place, ".", color=BLUE)
            axes.annotate(f"{mark}", place, (-18, -11), textcoords="offset points", color=BLUE, fontsize=8)


def _tier(axes: "Axes", name: str, threshold: float, recall: Figure, precision: Figure, look: tuple[str, str]) -> None:
    """The point that a tier reaches, with its intervals."""
    if recall.value is None or precision.value is None:
        return
    axes.errorbar(
        recall.value,
        precision.value,
        xerr=_whiskers(recall),
        yerr=_whiskers(precision),
        fmt=look[1],
        color=look[0],
        capsize=3,
        label=f"{name} from {threshold:.2f}: {recall.value:.2f} found, {precision.value:.2f} right",
    )


def _whiskers(figure: Figure) -> tuple[list[float], list[float]]:
    value, low, high = figure.value or 0.0, figure.low or 0.0, figure.high or 0.0
    return [value - low], [high - value]
