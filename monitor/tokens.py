"""Cuts texts into the tokens that a network reads, with the tokenizer in a model folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

WORD_PIECES, SENTENCE_PIECES = "tokenizer.json", "tokenizer.model"
TOKENIZERS = (SENTENCE_PIECES, WORD_PIECES)
"""The files that may hold a tokenizer: one of SentencePiece, or else one of the library *tokenizers*.

That library reads SentencePiece's models too, but it needs 100 MB more for one of 128,000 pieces.
"""


@dataclass(frozen=True, slots=True)
class Coded:
    """A text as numbers of tokens, each with the span of characters it stands for, where the tokenizer tells it."""

    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]] = ()


class Tokens(Protocol):
    """A tokenizer that cuts texts at a number of tokens."""

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        ...

    def number_of(self, token: str) -> int | None:
        """The number of a token that the vocabulary has."""
        ...

    def coded(self, text: str) -> Coded:
        """A text with the markers of its beginning and its end."""
        ...


def tokens_of(folder: Path, most: int) -> Tokens:
    """The tokenizer in a model folder; a text has ``most`` tokens at most, markers included."""
    pieces = folder / SENTENCE_PIECES
    return _SentencePieces(pieces, most) if pieces.exists() else _WordPieces(folder / WORD_PIECES, most)


class _WordPieces:
    def __init__(self, path: Path, most: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(most)

    @property
    def vocabulary(self) -> int:
        size: int = self._tokenizer.get_vocab_size()
        return size

    def number_of(self, token: str) -> int | None:
        number: int | None = self._tokenizer.token_to_id(token)
        return number

    def coded(self, text: str) -> Coded:
        found = self._tokenizer.encode(text)
        return Coded(found.ids, found.offsets)


class _SentencePieces:
    def __init__(self, path: Path, most: int) -> None:
        from sentencepiece import SentencePieceProcessor

        self._processor = SentencePieceProcessor(model_file=str(path))
        self._most = most
        self._first, self._last = self._processor.bos_id(), self._processor.eos_id()

    @property
    def vocabulary(self) -> int:
        return int(self._processor.get_piece_size())

    def number_of(self, token: str) -> int | None:
        number = int(self._processor.piece_to_id(token))
        return number if self._processor.id_to_piece(number) == token else None

    def coded(self, text: str) -> Coded:
        return Coded([self._first, *self._processor.encode(text)[: self._most - 2], self._last])
