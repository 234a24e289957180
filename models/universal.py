"""The multilingual Universal Sentence Encoder (Yang et al. 2019, https://arxiv.org/abs/1907.04307), rebuilt from bytes.

The published graph (the one of convolutions; 16 languages, Apache-2.0) is 8-bit ONNX with a tokenizer that only an
extension of the runtime knows. Here the same weights become a network that can be trained, and its tokenizer becomes
the files that the product and the trainer read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional

Floats = NDArray[np.float32]

WIDTH = 512
ORDERS = (2, 3, 5)
"""How many tokens a branch of convolutions sees at once."""

GROUP = 32
"""So many weights of a token share one scale when they are kept in four bits."""

_ROOT = "StatefulPartitionedCall/EncoderDNN/"
_TABLE = "Func/StatefulPartitionedCall/input/_{}:0"
_TABLES = 17
_PIECES, _NORMALIZER, _CHARACTERS = 1, 3, 2
"""Fields of a SentencePiece model, and of its normalizer."""


def weights(graph: onnx.ModelProto) -> dict[str, Floats]:
    """The weights of the published graph as floats; ``table`` has one row per token."""
    kept = {one.name: numpy_helper.to_array(one) for one in graph.graph.initializer}

    def exact(name: str) -> Floats:
        steps = kept[f"{name}_quantized"].astype(np.float32) - kept[f"{name}_zero_point"].astype(np.float32)
        found: Floats = (steps * kept[f"{name}_scale"]).astype(np.float32)
        return found

    parts = [exact(_TABLE.format(number + 1)) for number in range(_TABLES)]
    found = {"table": np.stack(parts, 1).reshape(-1, WIDTH)}  # token i is row i // 17 of part i % 17
    for name in kept:
        if name.startswith(_ROOT) and name.endswith(":0_quantized"):
            found[name.removeprefix(_ROOT).removesuffix(":0_quantized")] = exact(name.removesuffix("_quantized"))
        elif name.startswith(_ROOT) and name.endswith(("/bias:0", "/gamma:0", "/beta:0")):
            found[name.removeprefix(_ROOT).removesuffix(":0")] = kept[name]
    return found


def sentence_pieces(graph: onnx.ModelProto) -> bytes:
    """The model of SentencePiece inside the published graph, which the product reads."""
    (node,) = (node for node in graph.graph.node if node.op_type == "SentencepieceTokenizer")
    (model,) = (attribute.s for attribute in node.attribute if attribute.name == "model")
    return bytes(model)


def tokenizer(graph: onnx.ModelProto) -> Tokenizer:
    """The same in the library that the trainer reads; it breaks a few ties in another way."""
    parts = list(_fields(sentence_pieces(graph)))
    pieces = [_piece(dict(_fields(value))) for field, value in parts if field == _PIECES and isinstance(value, bytes)]
    (rules,) = (dict(_fields(value)) for field, value in parts if field == _NORMALIZER and isinstance(value, bytes))
    found = Tokenizer(models.Unigram(pieces, unk_id=0))
    characters = rules[_CHARACTERS]
    assert isinstance(characters, bytes)
    found.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(characters), normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip()]
    )
    found.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    ends = [(pieces[number][0], number) for number in (1, 2)]
    found.post_processor = processors.TemplateProcessing(single=f"{ends[0][0]} $A {ends[1][0]}", special_tokens=ends)
    return found


def _piece(fields: Mapping[int, bytes | int]) -> tuple[str, float]:
    """A piece and its log-probability, to as many digits as it takes to tell pieces apart."""
    text, score = fields[1], fields.get(2, bytes(4))
    assert isinstance(text, bytes) and isinstance(score, bytes)
    return text.decode(), round(float(np.frombuffer(score, "<f4")[0]), 4)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a message of protocol buffers: number and content."""
    place = 0

    def number() -> int:
        nonlocal place
        found = shift = 0
        while True:
            byte = message[place]
            place += 1
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    while place < len(message):
        key = number()
        kind = key & 7
        if kind == 0:
            yield key >> 3, number()
            continue
        size = {1: 8, 5: 4}.get(kind) or number()
        yield key >> 3, message[place : place + size]
        place += size


class Branch(nn.Module):
    """Two convolutions over ``order`` tokens, each added to what it was given."""

    def __init__(self, order: int) -> None:
        super().__init__()
        self.order = order
        self.project = nn.Linear(WIDTH, WIDTH // 2)
        self.norm = nn.LayerNorm(WIDTH // 2, eps=1e-12)
        self.first = nn.Linear(order * WIDTH // 2, WIDTH // 2)
        self.second = nn.Linear(order * WIDTH // 2, WIDTH // 2)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        hidden = self.norm(self.project(words)) * mask
        hidden = (functional.relu(self.first(self._around(hidden))) + hidden) * mask
        seen: Tensor = functional.relu(self.second(self._around(hidden))) + hidden
        return seen

    def _around(self, hidden: Tensor) -> Tensor:
        """Each token with those about it, of shape (posts, tokens, order * width)."""
        before = (self.order - 1) // 2
        padded = functional.pad(hidden, (0, 0, before, self.order - 1 - before))
        return torch.cat([padded[:, start : start + hidden.shape[1]] for start in range(self.order)], -1)


class Universal(nn.Module):
    """What tokens are worth, of shape (posts, tokens, 512), in; what posts say, of shape (posts, 512), out."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList([Branch(order) for order in ORDERS])
        self.norm = nn.LayerNorm(WIDTH + len(ORDERS) * WIDTH // 2, eps=1e-12)
        self.dense = nn.Linear(self.norm.normalized_shape[0], WIDTH)
        self.narrow = nn.ModuleList([nn.Linear(WIDTH, 320, False), nn.Linear(320, 320, False)])
        self.narrow_past = nn.Linear(WIDTH, 320, False)
        self.wide = nn.ModuleList([nn.Linear(320, WIDTH, False), nn.Linear(WIDTH, WIDTH, False)])
        self.wide_past = nn.Linear(320, WIDTH, False)

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        mask = mask.unsqueeze(-1).to(words.dtype)
        states = self.dense(self.norm(torch.cat([words, *(branch(words, mask) for branch in self.branches)], -1)))
        said = (states * mask).sum(1) / mask.sum(1).sqrt()
        said = functional.relu(self.narrow[1](functional.relu(self.narrow[0](said))) + self.narrow_past(said))
        return torch.tanh(self.wide[1](functional.relu(self.wide[0](said))) + self.wide_past(said))


def universal(found: Mapping[str, Floats]) -> Universal:
    """The network with the published weights."""
    network = Universal()

    def put(layer: nn.Module, kernel: str, bias: str | None = None) -> None:
        layer.weight = nn.Parameter(torch.tensor(found[kernel].T.copy()))
        if bias:
            layer.bias = nn.Parameter(torch.tensor(found[bias].reshape(-1)))

    def put_norm(layer: nn.Module, name: str) -> None:
        layer.weight = nn.Parameter(torch.tensor(found[f"{name}/gamma"]))
        layer.bias = nn.Parameter(torch.tensor(found[f"{name}/beta"]))

    for order, branch in zip(ORDERS, network.branches, strict=True):
        place = f"CNN_layers/ngram_order_{order}"
        dense = f"{place}/input_size_projection/dense"
        put(branch.project, f"{dense}/kernel", f"{dense}/bias")  # type: ignore[arg-type]
        put_norm(branch.norm, f"{place}/LayerNorm")  # type: ignore[arg-type]
        for layer, name in ((branch.first, f"Ngram-{order}-Conv"), (branch.second, f"Ngram-{order}-Conv_1")):
            put(layer, f"{place}/{name}/weights", f"{place}/{name}/bias")  # type: ignore[arg-type]
    put_norm(network.norm, "CNN_layers/LayerNorm")
    put(network.dense, "CNN_layers/dense/kernel", "CNN_layers/dense/bias")
    deep = [*network.narrow, *network.wide]
    for number, layer in enumerate(deep):
        put(layer, f"DNN/ResidualHidden_{number}/dense/kernel")
    put(network.narrow_past, "DNN/ResidualHidden_1/AdjustDepth/projection/kernel")
    put(network.wide_past, "DNN/ResidualHidden_3/AdjustDepth/projection/kernel")
    return network


class FourBits(nn.Module):
    """A table of word vectors in four bits each, a scale for every ``GROUP`` of them.

    Two weights share a byte: the upper half of it is one of the first 256, the lower half one of the last.
    """

    def __init__(self, table: Floats) -> None:
        super().__init__()
        groups = torch.tensor(table).reshape(len(table), -1, GROUP)
        scales = (groups.abs().amax(-1) / 7).clamp(min=1e-6).half()
        steps = (groups / scales.float().unsqueeze(-1)).round().clamp(-8, 7).add(8).reshape(len(table), WIDTH)
        pairs = steps[:, : WIDTH // 2] * 16 + steps[:, WIDTH // 2 :]
        self.pairs: Tensor
        self.scales: Tensor
        self.register_buffer("pairs", pairs.to(torch.uint8))
        self.register_buffer("scales", scales)

    def forward(self, ids: Tensor) -> Tensor:
        """The vectors of tokens, of shape (…, 512)."""
        pairs = self.pairs[ids].float()
        upper = (pairs / 16).floor()
        steps = torch.cat([upper, pairs - 16 * upper], -1) - 8
        groups = steps.reshape(*ids.shape, WIDTH // GROUP, GROUP) * self.scales[ids].float().unsqueeze(-1)
        return groups.reshape(*ids.shape, WIDTH)


class OneText(nn.Module):
    """Token ids of shape (tokens,) in, what the text says, of shape (1, 512), out: the graph that the product runs."""

    def __init__(self, table: FourBits, network: nn.Module, scale: float = 1.0) -> None:
        super().__init__()
        self.table = table
        self.network = network
        self.scale = scale

    def forward(self, input_ids: Tensor) -> Tensor:
        words = self.table(input_ids).unsqueeze(0)
        said: Tensor = self.network(words, torch.ones(1, words.shape[1])) * self.scale
        return said


def published(path: Path) -> onnx.ModelProto:
    """The published graph in a file."""
    return onnx.load(str(path))
