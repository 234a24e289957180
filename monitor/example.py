"""The files that ship with the product: the commented configuration and the demo's posts."""

from importlib.resources import files
from pathlib import Path

DEMO = "demo"


def example_config() -> str:
    """The text of ``config/monitor.toml``, from a checkout or an installed wheel."""
    packaged = files("monitor").joinpath("config", "monitor.toml")
    checkout = Path(__file__).parent.parent / "config" / "monitor.toml"
    return packaged.read_text("utf-8") if packaged.is_file() else checkout.read_text("utf-8")


def demo_file(name: str) -> Path:
    """A file of the bundled demo."""
    return Path(str(files("monitor").joinpath(DEMO, name)))
