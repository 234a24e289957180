"""What happens to a post's text: cleaning, folding, cutting, fingerprints and the model's view of it."""

import hashlib
import html
import re
import unicodedata

NORMALISATION = "2026-11"
"""Version of :func:`for_model`; a model manifest names the one its model was trained with."""

MAX_CHARS = 20_000
"""Longer posts are cut when they are read; no platform in use allows more in one post."""

CUT = "…"

_JOINER = "\u200d"
_LONGEST_SIGN = 64
"""Characters; what is longer is no sign that people would miss, and is cut anywhere."""

_MENTION = re.compile(r"(?<![\w/])@[\w](?:[\w.\-]*\w)?(?:@[\w.\-]*\w)?")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_REPOST = re.compile(r"^\s*(?:RT|MT)\s+@\S+:?\s*", re.IGNORECASE)
_COMBINING_RUN = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)
_INVISIBLE = re.compile(r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b\u2060-\u2064\ufeff]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_WORDS = re.compile(r"[\W_]+")


def clean(text: str) -> str:
    """Make text from a platform storable: no lone surrogates, no NUL or control characters, at most MAX_CHARS.

    Line breaks and tabs stay. A cut text ends with an ellipsis.
    """
    if len(text) > 2 * MAX_CHARS:
        text = text[: 2 * MAX_CHARS]
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode(errors="replace").decode()
    text = _INVISIBLE.sub("", text)
    text = _COMBINING_RUN.sub(r"\1", text)
    return cut(text, MAX_CHARS)


def visible(text: str) -> str:
    """Text for people: direction overrides are removed, so that a post cannot reorder what is around it."""
    return _BIDI.sub("", text)


def for_model(text: str) -> str:
    """The text as the complaint model sees it, the same in training and in the product.

    HTML entities are resolved, ``@handles`` become ``@user``, links become ``http`` and white space is folded,
    so that a model cannot learn brand handles by heart.
    """
    text = html.unescape(text)
    text = _LINK.sub("http", text)
    text = _MENTION.sub("@user", text)
    return _SPACE.sub(" ", text).strip()


def fold(text: str) -> str:
    """Text for comparing: compatibility forms, case and accents of European scripts folded away."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("ı", "i")
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


def fingerprint(text: str) -> str:
    """Sixteen hex digits that are equal for copies of one post.

    Repost prefixes, handles, links, case, accents and punctuation do not count. A text with no words left is
    fingerprinted as it stands, so that two pictures without words are not copies of each other's emoji.
    """
    bare = for_model(_REPOST.sub("", text)).replace("@user", " ").replace("http", " ")
    words = _NOT_WORDS.sub(" ", fold(bare)).strip() or _SPACE.sub(" ", text).strip()
    return hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).hexdigest()


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters, ending in an ellipsis when shortened; never inside an emoji, flag or accent."""
    if len(text) <= limit:
        return text
    end = longest = limit - len(CUT)
    while end > 0 and _is_inside(text, end):
        end -= 1
        if longest - end > _LONGEST_SIGN:
            end = longest
            break
    return text[:end] + CUT


def excerpt(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters for a message, cut at a word where there is one."""
    line = _SPACE.sub(" ", visible(text)).strip()
    if len(line) <= limit:
        return line
    head = cut(line, limit)[: -len(CUT)]
    space = head.rfind(" ")
    return (head[:space] if space > limit // 2 else head).rstrip() + CUT


def _is_inside(text: str, position: int) -> bool:
    """Would a cut before ``position`` take apart what people see as one sign?"""
    before, after = text[position - 1], text[position]
    if _is_flag_half(before) and _is_flag_half(after):
        start = position
        while start > 0 and _is_flag_half(text[start - 1]):
            start -= 1
        return (position - start) % 2 == 1
    return before == _JOINER or _joins(after)


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _joins(character: str) -> bool:
    return (
        character == _JOINER
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin colours
        or "\U000e0020" <= character <= "\U000e007f"  # the flags of Scotland and Wales
    )
