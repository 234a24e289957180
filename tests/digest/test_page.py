"""The page in a real browser: Debian's chromium, driven by Playwright, judged by axe."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from monitor.core.digest import Digest
from monitor.digest.render import page
from tests.digest.digests import a_digest, a_week

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.sleeps,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium; install the package chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("made", [a_digest, a_week], ids=["day", "week"])
def test_the_page_is_accessible_and_fits(browser: object, scheme: str, width: int, made: Callable[[], Digest]) -> None:
    sheet = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[attr-defined]
    sheet.set_content(page(made()))
    sheet.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    found = axe.Axe().run(sheet)
    assert found.violations_count == 0, found.generate_report()
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    sheet.close()
