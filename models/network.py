"""The network: a small transformer, mean pooling and one linear layer per question."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel


class Network(nn.Module):
    """Logits per head, each of shape (batch, width of the head)."""

    def __init__(self, encoder: PreTrainedModel, heads: Mapping[str, int], dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(encoder.config.hidden_size, width) for name, width in heads.items()})

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the encoder makes of each token, of shape (batch, tokens, width)."""
        hidden: Tensor = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return hidden

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        hidden = self.states(input_ids, attention_mask)
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = self.dropout((hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0))
        return {name: head(pooled) for name, head in self.heads.items()}


def from_base(folder: Path, heads: Mapping[str, int], *, frozen: int = 0) -> Network:
    """A network on base weights, its embeddings frozen: too few posts to move millions of them well.

    ``frozen`` layers from below keep their weights too.
    """
    encoder = AutoModel.from_pretrained(
        folder, add_pooling_layer=False, use_safetensors=True, attn_implementation="eager"
    )
    encoder.embeddings.requires_grad_(False)
    for layer in encoder.encoder.layer[:frozen]:
        layer.requires_grad_(False)
    return Network(encoder, heads)


def from_config(config: PretrainedConfig, heads: Mapping[str, int]) -> Network:
    """A network with random weights."""
    return Network(AutoModel.from_config(config, add_pooling_layer=False), heads)


__all__ = ["AutoConfig", "Network", "from_base", "from_config"]
