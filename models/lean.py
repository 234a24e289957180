"""The trained encoder as a lean graph for one text at a time: no padding, no mask, one multiplication for q, k and v.

Against the graph that the library's own layers trace to it needs a fifth less time for the same numbers.
"""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional


class LeanEncoder(nn.Module):
    """Token ids of shape (tokens,) in, states of shape (tokens, width) out; the weights are those of a BERT."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        embeddings = encoder.embeddings
        self.words = embeddings.word_embeddings.weight
        kind = embeddings.token_type_embeddings.weight[0]
        self.places = nn.Parameter(embeddings.position_embeddings.weight + kind)
        self.norm = embeddings.LayerNorm
        self.layers = nn.ModuleList([LeanLayer(layer, encoder.config) for layer in encoder.encoder.layer])

    def forward(self, input_ids: Tensor) -> Tensor:
        hidden: Tensor = self.norm(self.words[input_ids] + self.places[: input_ids.shape[0]])
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


class LeanLayer(nn.Module):
    """One layer of attention and one of thought."""

    def __init__(self, layer: Any, config: Any) -> None:
        super().__init__()
        attention = layer.attention.self
        self.heads = config.num_attention_heads
        self.width = config.hidden_size // self.heads
        shrink = 1.0 / math.sqrt(self.width)
        self.ask = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        query = (attention.query.weight * shrink, attention.query.bias * shrink)
        parts = (query, (attention.key.weight, attention.key.bias), (attention.value.weight, attention.value.bias))
        self.ask.weight = nn.Parameter(torch.cat([weight for weight, _ in parts]))
        self.ask.bias = nn.Parameter(torch.cat([bias for _, bias in parts]))
        self.answer, self.calm = layer.attention.output.dense, layer.attention.output.LayerNorm
        self.up, self.down, self.settle = layer.intermediate.dense, layer.output.dense, layer.output.LayerNorm

    def forward(self, hidden: Tensor) -> Tensor:
        parts = self.ask(hidden).reshape(-1, 3, self.heads, self.width).permute(1, 2, 0, 3)
        query, key, value = parts.unbind(0)
        found = ((query @ key.transpose(1, 2)).softmax(-1) @ value).transpose(0, 1)
        hidden = self.calm(hidden + self.answer(found.reshape(-1, self.heads * self.width)))
        settled: Tensor = self.settle(hidden + self.down(functional.gelu(self.up(hidden))))
        return settled


def to_onnx(encoder: Any, path: Path) -> None:
    """The exact encoder as an ONNX file with a free number of tokens."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter announces its retirement at length
        torch.onnx.export(
            LeanEncoder(encoder).eval(),
            (torch.ones(8, dtype=torch.long),),
            str(path),
            input_names=["input_ids"],
            output_names=["states"],
            dynamic_axes={"input_ids": {0: "tokens"}, "states": {0: "tokens"}},
            opset_version=17,
            dynamo=False,
        )


def quantize(exact: Path, small: Path, kinds: Sequence[str] = (), kept: str = "") -> None:
    """The network with 8-bit weights; activations are scaled anew for each text, so a text never depends on others.

    ``kinds`` names the operations whose weights are made small (none: all that can be); those with ``kept`` in their
    name stay exact.
    """
    exempt = [node.name for node in onnx.load(str(exact)).graph.node if kept and kept in node.name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantize_dynamic(
            str(exact),
            str(small),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=list(kinds),
            nodes_to_exclude=exempt,
        )
