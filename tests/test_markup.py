"""HTML becomes text, in linear time."""

import time

import pytest

from monitor.markup import plain


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<br/>b<p>c</p>d", "a\nb\nc\nd"),
        ("I <3 you & 1 < 2", "I <3 you & 1 < 2"),
        ("x &lt;b&gt; y", "x <b> y"),
        ("<style>p {}</style>  a \n b<SCRIPT>x</b>y</SCRIPT> c", "a b c"),
        ("<script>never closed", ""),
        ("", ""),
    ],
)
def test_plain(markup: str, text: str) -> None:
    assert plain(markup) == text


@pytest.mark.parametrize("piece", ["<!--", "<a ", "<a", "</", '<a x="', "<script>", " ", "\n ", "&#", "<div>"])
def test_plain_takes_little_time(piece: str) -> None:
    start = time.process_time()
    plain(piece * 100_000)
    assert time.process_time() - start < 2
