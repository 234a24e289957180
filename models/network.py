"""The network: a small BERT, mean pooling and three heads (complaint, sentiment, topics)."""

from pathlib import Path

from torch import Tensor, nn
from transformers import BertConfig, BertModel

from models.recipe import SENTIMENTS


class Network(nn.Module):
    """Logits for complaint (batch), sentiment (batch, 3) and topics (batch, topics)."""

    def __init__(self, encoder: BertModel, topics: int, dropout: float = 0.1) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.complaint = nn.Linear(width, 1)
        self.sentiment = nn.Linear(width, len(SENTIMENTS))
        self.topics = nn.Linear(width, topics)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = self.dropout((hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0))
        return self.complaint(pooled).squeeze(-1), self.sentiment(pooled), self.topics(pooled)


def from_base(folder: Path, topics: int) -> Network:
    """A network on the base weights, with the embeddings frozen: too few posts to move 11 million of them well."""
    encoder = BertModel.from_pretrained(
        folder, add_pooling_layer=False, use_safetensors=True, attn_implementation="eager"
    )
    network = Network(encoder, topics)
    network.encoder.embeddings.requires_grad_(False)
    return network


def from_config(config: BertConfig, topics: int) -> Network:
    """A network with random weights."""
    return Network(BertModel(config, add_pooling_layer=False), topics)
