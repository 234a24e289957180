"""Finds a model folder and makes sure that what is in it is what its manifest promises."""

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.core.calibration import Aim, Calibration
from monitor.core.errors import ModelError
from monitor.core.text import NORMALISATION
from monitor.core.verdict import Thresholds
from monitor.tokens import TOKENIZERS

MANIFEST = "manifest.json"
COMPLAINTS, LANGUAGES = "complaints", "languages"
"""The models that ship: one for English, one for other languages."""

PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib"})
"""File types that can run code when they are loaded; they are never opened."""

REINSTALL = "install umbrage again, or set the classifier to 'keywords' until then"


class File(BaseModel):
    """A file of a model: its size and hash."""

    model_config = ConfigDict(frozen=True)

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)


class Aims(BaseModel):
    """What the recommended thresholds are chosen for."""

    model_config = ConfigDict(frozen=True)

    precision: float = Field(gt=0, lt=1)
    digest_recall: float = Field(gt=0, lt=1)


class Counts(BaseModel):
    """Labelled posts of one language by hundredths of probability, and where they come from."""

    model_config = ConfigDict(frozen=True)

    complaints: tuple[int, ...]
    others: tuple[int, ...]
    posts: str = ""


class Manifest(BaseModel):
    """What a model folder says about itself; what training records beyond this is for people."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1)
    revision: str = Field(min_length=1)
    normalisation: str
    files: dict[str, File]
    topics: tuple[str, ...]
    sentiments: tuple[str, ...]
    intents: tuple[str, ...]
    aims: Aims
    calibration: dict[str, Counts] = Field(min_length=1, description="by languages, with spaces between them")
    also_reads: tuple[str, ...] = Field(default=(), description="languages that nobody has measured it in")
    topic_threshold: float = Field(gt=0, lt=1)
    max_tokens: int = Field(gt=2, le=512)

    @property
    def model(self) -> str:
        """The name stored with every verdict."""
        return f"{self.name}@{self.revision}"

    @property
    def tokenizer(self) -> str:
        """The file with the tokenizer."""
        return next((name for name in TOKENIZERS if name in self.files), TOKENIZERS[-1])

    @property
    def recommended(self) -> Thresholds:
        """The thresholds that keep the aims on the labelled posts of the first languages."""
        return next(iter(self.calibrations.values())).thresholds(
            Aim(precision=self.aims.precision, digest_recall=self.aims.digest_recall)
        )

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """The counts of labelled posts, by language; languages that were counted together have the same."""
        return {
            language: Calibration(complaints=counts.complaints, others=counts.others)
            for languages, counts in self.calibration.items()
            for language in languages.split()
        }

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the model has been made for, those first that it has been measured in."""
        return (*self.calibrations, *self.also_reads)


def shipped(name: str = COMPLAINTS) -> Path:
    """The folder of a model that comes with umbrage: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "models" / name, package.parent / "models" / name):
        if (folder / MANIFEST).is_file():
            return folder
    raise ModelError(f"the model {name!r} is not in this installation ({package / 'models' / name}): {REINSTALL}")


def verified(folder: Path, needed: tuple[str, ...]) -> Manifest:
    """The manifest of a model folder with the ``needed`` files and a tokenizer, all of them whole and unchanged.

    :raises ModelError: naming the file and the cure, when anything is not as the manifest promises.
    """
    manifest = _manifest(folder / MANIFEST)
    if manifest.normalisation != NORMALISATION:
        raise ModelError(
            f"{folder / MANIFEST}: the model wants text normalisation {manifest.normalisation!r}, this umbrage has "
            f"{NORMALISATION!r}: use a model and an umbrage of the same release"
        )
    if missing := [name for name in (manifest.tokenizer, *needed) if name not in manifest.files]:
        raise ModelError(f"{folder / MANIFEST}: does not list {', '.join(missing)}: {REINSTALL}")
    for name, promised in manifest.files.items():
        _check(folder, name, promised)
    return manifest


def _manifest(path: Path) -> Manifest:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ModelError(f"{path}: cannot be read ({problem}): {REINSTALL}") from problem
    try:
        manifest = Manifest.model_validate_json(text)
        manifest.recommended  # noqa: B018  (counts of a wrong length are an error in the file)
    except (ValidationError, ValueError) as problem:
        raise ModelError(f"{path}: is not a model manifest: {REINSTALL}\n{problem}") from problem
    return manifest


def _check(folder: Path, name: str, promised: File) -> None:
    path = folder / name
    if not name or name != Path(name).name or "\\" in name or name in (".", ".."):
        raise ModelError(f"{folder / MANIFEST}: {name!r} is not the name of a file in the model's own folder")
    if path.suffix.lower() in PICKLES:
        raise ModelError(f"{path}: pickled models can run code and are refused: export the model to ONNX")
    if path.is_symlink():
        raise ModelError(f"{path}: is a link: put the file itself into the folder")
    if not path.is_file():
        raise ModelError(f"{path}: is missing: {REINSTALL}")
    size = path.stat().st_size
    if size != promised.bytes:
        raise ModelError(f"{path}: has {size} bytes instead of {promised.bytes} (cut off?): {REINSTALL}")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != promised.sha256:
        raise ModelError(f"{path}: was changed (SHA-256 {found[:12]}…, not {promised.sha256[:12]}…): {REINSTALL}")
