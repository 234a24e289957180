"""A network in training stays near to its base in how like it finds two posts."""

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from transformers import BertConfig

from models.keeping import Keeper
from models.network import Network, from_config

WORDS = ("[PAD]", "[UNK]", "the", "my", *(f"word{number}" for number in range(60)))


def network(seed: int) -> Network:
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    return from_config(config, {"complaint": 1})


@pytest.fixture
def base() -> Network:
    return network(1)


@pytest.fixture
def keeper(base: Network) -> Keeper:
    return Keeper(base, Tokenizer(WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]")))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(3, len(WORDS), (12, 9), generator=torch.Generator().manual_seed(3))
    mask = torch.ones_like(ids)
    mask[::2, 6:] = 0
    return ids, mask


def test_training_by_it_brings_the_likenesses_back(keeper: Keeper) -> None:
    other, (ids, mask) = network(2), batch()
    optimizer = torch.optim.AdamW(other.encoder.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = keeper.loss(other.states(ids, mask), ids, mask)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 4


def test_padding_does_not_count(keeper: Keeper) -> None:
    other, (ids, mask) = network(2).eval(), batch()
    states = other.states(ids, mask)
    loss = keeper.loss(states, ids, mask)
    noisy = states + (1 - mask).unsqueeze(-1) * 5
    assert torch.allclose(keeper.loss(noisy, ids, mask), loss, atol=1e-6)


def test_one_post_alone_is_like_no_other(keeper: Keeper) -> None:
    ids, mask = (part[:1] for part in batch())
    assert float(keeper.loss(network(2).states(ids, mask), ids, mask).detach()) == 0.0


def test_the_base_does_not_learn(base: Network, keeper: Keeper) -> None:
    other, (ids, mask) = network(2), batch()
    keeper.loss(other.states(ids, mask), ids, mask).backward()  # type: ignore[no-untyped-call]
    assert all(one.grad is None for one in base.parameters())
    assert any(one.grad is not None for one in other.encoder.parameters())
