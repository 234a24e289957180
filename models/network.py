"""The network: a small transformer, mean pooling and one linear layer per question."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn
from transformers import AutoModel, PretrainedConfig

from models import lean


class Network(nn.Module):
    """Logits per head, each of shape (batch, width of the head), from the mean of a transformer's states."""

    def __init__(self, encoder: nn.Module, width: int, heads: Mapping[str, int], dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in heads.items()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        return self.judged(self.states(input_ids, attention_mask), attention_mask)

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the encoder makes of each token, of shape (batch, tokens, width)."""
        states: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states

    def judged(self, states: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """The heads' logits for posts with these states."""
        pooled = self.dropout(self.pool(states, attention_mask))
        return {name: head(pooled) for name, head in self.heads.items()}

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What posts say, of shape (batch, width)."""
        return self.pool(self.states(input_ids, attention_mask), attention_mask)

    def pool(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """The mean of the states of a post's tokens."""
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean: Tensor = (states * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return mean

    def to_onnx(self, exact: Path, small: Path) -> None:
        """Write the encoder as the product runs it, exact and in 8 bits."""
        lean.to_onnx(self.encoder, exact)
        lean.quantize(exact, small)


def from_base(folder: Path, heads: Mapping[str, int], *, layers: Sequence[int] = (), frozen: int = 0) -> Network:
    """A network on base weights, its embeddings frozen: too few posts to move millions of them well.

    ``layers`` names those to keep (none: all); ``frozen`` layers from below do not move either.
    """
    encoder = AutoModel.from_pretrained(
        folder, add_pooling_layer=False, use_safetensors=True, attn_implementation="eager"
    )
    if layers:
        encoder.encoder.layer = nn.ModuleList([encoder.encoder.layer[i] for i in layers])
        encoder.config.num_hidden_layers = len(layers)
    encoder.embeddings.requires_grad_(False)
    for layer in encoder.encoder.layer[:frozen]:
        layer.requires_grad_(False)
    return Network(encoder, encoder.config.hidden_size, heads)


def from_config(config: PretrainedConfig, heads: Mapping[str, int]) -> Network:
    """A network with random weights."""
    encoder = AutoModel.from_config(  # type: ignore[no-untyped-call]
        config, add_pooling_layer=False, attn_implementation="eager"
    )
    return Network(encoder, encoder.config.hidden_size, heads)
