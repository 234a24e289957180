"""A bar chart as PNG, drawn by hand: bars, their numbers and the number in each label, with nothing to install.

Digits are strokes; how much of a point a stroke covers follows from its distance, so that edges are smooth.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from math import cos, hypot, radians, sin

Colour = tuple[int, int, int]
Stroke = tuple[tuple[float, float], ...]

WIDTH, HEIGHT = 1_180, 400
TOP, BASE, FOOT = 48, 344, 22
"""Rows: room for a number above the tallest bar, the line that bars stand on, and the height of digits."""

INK, SOFT, LINE, BAR, LAST = (29, 35, 48), (86, 96, 116), (217, 222, 232), (223, 171, 143), (194, 98, 45)
WHITE = (255, 255, 255)
_SHAPE, _GAP, _PEN = 0.62, 0.2, 0.125
"""Of the height of a digit: its width, what lies between two, and how thick the pen is."""


def draw(bars: Sequence[tuple[str, int]]) -> bytes:
    """The chart of bars, each with a label; the last one is what it is about."""
    sheet = Sheet()
    slot = WIDTH / len(bars)
    largest = max(1, *(value for _, value in bars))
    for number, (label, value) in enumerate(bars):
        left, middle = round(number * slot + slot * 0.15), number * slot + slot / 2
        top = BASE - round((BASE - TOP) * value / largest)
        sheet.bar(left, top, round(left + slot * 0.7), LAST if number == len(bars) - 1 else BAR)
        sheet.write(str(value), middle, top - FOOT - 10, slot, INK)
        sheet.write("".join(sign for sign in label if sign in _DIGITS), middle, BASE + 16, slot, SOFT)
    sheet.fill(0, BASE, WIDTH, BASE + 2, LINE)
    return sheet.png()


class Sheet:
    """White paper to draw on."""

    def __init__(self) -> None:
        self._rows = [bytearray(WHITE * WIDTH) for _ in range(HEIGHT)]

    def fill(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        for row in self._rows[top:bottom]:
            row[3 * left : 3 * right] = bytes(colour) * (right - left)

    def bar(self, left: int, top: int, right: int, colour: Colour) -> None:
        """A bar that stands on the line, its upper corners a little round."""
        for row in range(top, BASE):
            inset = (4, 2, 1, 1)[row - top] if row - top < 4 else 0
            self.fill(left + inset, row, right - inset, row + 1, colour)

    def write(self, digits: str, middle: float, top: int, room: float, colour: Colour) -> None:
        """A number, smaller where there is not enough room."""
        wide = len(digits) * (_SHAPE + _GAP) - _GAP
        height = min(FOOT, int(room * 0.94 / wide)) if digits else 0
        left = middle - wide * height / 2
        for number, digit in enumerate(digits):
            self._digit(digit, round(left + number * (_SHAPE + _GAP) * height), top + FOOT - height, height, colour)

    def png(self) -> bytes:
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in self._rows), 9)
        return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")

    def _digit(self, digit: str, left: int, top: int, height: int, colour: Colour) -> None:
        for across, down, cover in _covered(digit, height):
            row, at = self._rows[top + down], 3 * (left + across)
            if 0 <= at < 3 * WIDTH:
                row[at : at + 3] = bytes(
                    round(old + (new - old) * cover) for old, new in zip(row[at : at + 3], colour, strict=True)
                )


@cache
def _covered(digit: str, height: int) -> tuple[tuple[int, int, float], ...]:
    """The points that a digit touches: how far across and down, and how much of each is covered."""
    lines = [
        tuple(value * height for point in pair for value in point)
        for stroke in _DIGITS[digit]
        for pair in pairwise(stroke)
    ]
    found = []
    for down in range(-1, height + 1):
        for across in range(-1, round(height * _SHAPE) + 2):
            near = min(_distance(across + 0.5, down + 0.5, *line) for line in lines)
            cover = min(1.0, max(0.0, 0.5 + _PEN * height / 2 - near))
            found += [(across, down, cover)] if cover else []
    return tuple(found)


def _distance(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """From a point to a line between two others."""
    along, up = x2 - x1, y2 - y1
    part = min(1.0, max(0.0, ((x - x1) * along + (y - y1) * up) / (along**2 + up**2)))
    return hypot(x - x1 - part * along, y - y1 - part * up)


def _arc(x: float, y: float, wide: float, high: float, start: int = 0, end: int = 360) -> Iterator[tuple[float, float]]:
    """Points of an ellipse; angles grow clockwise from the right."""
    for angle in range(start, end + 1, 20):
        yield x + wide * cos(radians(angle)), y + high * sin(radians(angle))


_SIX: tuple[Stroke, ...] = (((0.44, 0.04), (0.2, 0.34), (0.07, 0.6)), tuple(_arc(0.31, 0.69, 0.25, 0.26)))
_DIGITS: dict[str, tuple[Stroke, ...]] = {
    "0": (tuple(_arc(0.31, 0.5, 0.25, 0.45)),),
    "1": (((0.12, 0.2), (0.34, 0.05), (0.34, 0.95)),),
    "2": ((*_arc(0.31, 0.29, 0.24, 0.24, 180, 400), (0.07, 0.95), (0.56, 0.95)),),
    "3": ((*_arc(0.29, 0.27, 0.22, 0.22, 200, 440), *_arc(0.29, 0.72, 0.25, 0.23, 280, 520)),),
    "4": (((0.44, 0.95), (0.44, 0.05), (0.05, 0.7), (0.58, 0.7)),),
    "5": (((0.52, 0.05), (0.13, 0.05), (0.1, 0.46), *_arc(0.29, 0.65, 0.26, 0.3, 230, 510)),),
    "6": _SIX,
    "7": (((0.06, 0.05), (0.56, 0.05), (0.22, 0.95)),),
    "8": (tuple(_arc(0.31, 0.27, 0.2, 0.22)), tuple(_arc(0.31, 0.72, 0.25, 0.23))),
    "9": tuple(tuple((_SHAPE - x, 1 - y) for x, y in stroke) for stroke in _SIX),
}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
