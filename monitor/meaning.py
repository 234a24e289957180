"""Texts as vectors that lie near each other when the texts say the same, for causes and for recurring questions.

Half of a vector is what the complaint model's network makes of the text, the mean over its tokens where there is a
state for each; half is the tokens themselves, hashed. A token weighs by how rare it is. The tokenizer's vocabulary is
ordered by frequency, so that Zipf's law gives a token's frequency from its number, and the weight is that of "smooth
inverse frequency" (Arora, Liang and Ma 2017, https://openreview.net/forum?id=SyK00v5xx). Beside both stands how sure
the model is of each topic: what is about different topics does not say the same, however it is put.
``tests/benchmarks/causes.py`` has the figures.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.encoder import HEADS, NETWORK, Encoder, Heads, sigmoid
from monitor.gathering import HASHED, NEAR, NEAR_ASKED, NEAR_WHOLE, TOPICS, unit
from monitor.model_files import Manifest

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float32]

FIRST_WORDS = ("▁", "the")
"""Markers and signs stand before the first word of a vocabulary, or before the space, where that is a token."""

FREQUENT, RARE = 0.1, 1e-4
"""Frequency of the first word, and the frequency at which a word weighs half."""


class EncoderMeaning:
    """Makes vectors with the network and the heads of a model."""

    def __init__(self, encoder: Encoder, heads: Heads, space: str) -> None:
        import numpy

        self._encoder = encoder
        self._heads = heads
        self._space = space
        self.near = NEAR_WHOLE if encoder.states_whole_texts else NEAR
        self.near_asked = NEAR_WHOLE if encoder.states_whole_texts else NEAR_ASKED
        numbers = numpy.arange(encoder.tokens.vocabulary, dtype=numpy.uint64)
        self._weights = rare_weights(encoder.tokens.vocabulary, encoder.tokens.number_of)
        mixed = _mixed(numbers)
        self._places = (mixed % HASHED).astype(numpy.int64)
        self._signs = numpy.where((mixed >> numpy.uint64(32)) % 2 == 0, 1, -1).astype(numpy.float32)

    @property
    def space(self) -> str:
        return self._space

    def vector(self, text: str) -> "Numbers":
        """What a text says, of shape (states + 256 + 16,), states and words of length one; zero without words."""
        import numpy

        read = self._encoder.read(self._encoder.seen(text))
        states = read.states[0] if self._encoder.states_whole_texts else self._weights[read.ids] @ read.states
        words, topics = numpy.zeros(HASHED, numpy.float32), numpy.zeros(TOPICS, numpy.float32)
        tokens = sorted(set(read.ids))
        numpy.add.at(words, self._places[tokens], self._signs[tokens] * self._weights[tokens])
        if words.any():
            for number, logit in enumerate(self._heads.logits(read)["topics"]):
                topics[number % TOPICS] += sigmoid(logit)
        return numpy.concatenate([unit(states), unit(words), topics])


def space_of(manifest: Manifest) -> str:
    """The name of the space that a model's network, tokenizer and heads make."""
    return "-".join(manifest.files[name].sha256[:12] for name in (NETWORK, manifest.tokenizer, HEADS))


def rare_weights(vocabulary: int, number_of: Callable[[str], int | None]) -> "Numbers":
    """How much each token weighs, of shape (vocabulary,): rare ones one, the commonest next to nothing."""
    import numpy

    first = next((found for word in FIRST_WORDS if (found := number_of(word)) is not None), 0)
    numbers = numpy.arange(vocabulary)
    frequency = FREQUENT / numpy.maximum(numbers - first + 1, 1)
    return numpy.where(numbers >= first, RARE / (RARE + frequency), 0).astype(numpy.float32)


def _mixed(numbers: "NDArray[numpy.uint64]") -> "NDArray[numpy.uint64]":
    """Numbers that look like chance, the same everywhere (the finalizer of SplitMix64)."""
    import numpy

    mixed = numbers + numpy.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> numpy.uint64(31))
