"""The chart of a mail, read back from its bytes."""

import struct
import zlib

import pytest

from monitor.digest.png import BAR, BASE, HEIGHT, INK, LAST, TOP, WHITE, WIDTH, draw

Colour = tuple[int, int, int]


def pixels(png: bytes) -> list[list[Colour]]:
    """Every row of a picture; each part must have the checksum that it says."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + data),)
        parts[kind] = data
        at += 12 + length
    assert parts[b"IHDR"] == struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    raw, wide = zlib.decompress(parts[b"IDAT"]), 3 * WIDTH + 1
    rows = [raw[start : start + wide] for start in range(0, len(raw), wide)]
    assert {row[0] for row in rows} == {0}
    return [[(row[at], row[at + 1], row[at + 2]) for at in range(1, wide, 3)] for row in rows]


def height_at(sheet: list[list[Colour]], column: int, colour: Colour) -> int:
    return sum(row[column] == colour for row in sheet)


def test_bars_are_as_high_as_their_numbers() -> None:
    sheet = pixels(draw([("Mon 23 Nov", 10), ("Tue 24 Nov", 0), ("Wed 25 Nov", 40)]))
    middles = [round(WIDTH * (number + 0.5) / 3) for number in range(3)]
    whole = BASE - TOP
    assert height_at(sheet, middles[0], BAR) == whole // 4
    assert height_at(sheet, middles[1], BAR) == 0
    assert height_at(sheet, middles[2], LAST) == whole
    assert any(INK in row for row in sheet), "the numbers are written"


@pytest.mark.parametrize("values", [[0], [0, 0], [7], [10**9] * 40, [1] * 14])
def test_any_numbers_can_be_drawn(values: list[int]) -> None:
    sheet = pixels(draw([(f"Mon {n} Nov", value) for n, value in enumerate(values)]))
    assert len(sheet) == HEIGHT
    assert all(row[0] == WHITE or row[-1] != BAR for row in sheet)


def test_a_label_without_a_number_has_none() -> None:
    assert pixels(draw([("today", 1)]))
    assert pixels(draw([("", 0)]))


def test_the_same_numbers_are_the_same_picture() -> None:
    assert draw([("a 1", 3), ("b 2", 5)]) == draw([("a 1", 3), ("b 2", 5)])
