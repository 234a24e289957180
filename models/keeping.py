"""Holds a network's states to what its base says of how like two posts are, while it learns to judge them.

Causes are put together by the states of the tokens (:mod:`monitor.meaning`). A network that learns to tell complaints
from the rest forgets what they are about; its base, which was trained to say just that, still knows.
"""

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from models.network import Network
from monitor.meaning import rare_weights


class Keeper:
    """Compares the states of a network with those of the base that it began as."""

    def __init__(self, base: Network, tokenizer: Tokenizer) -> None:
        self._base = base.eval().requires_grad_(False)
        self._weights = torch.from_numpy(rare_weights(tokenizer.get_vocab_size(), tokenizer.token_to_id))

    def loss(self, states: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """The mean squared difference of how like any two posts of a batch are; states (batch, tokens, width)."""
        if len(ids) < 2:
            return states.sum() * 0.0
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            said = self._base.pooled(ids, mask)
        weights = self._weights[ids] * mask
        found, wanted = _likeness((states.float() * weights.unsqueeze(-1)).sum(1)), _likeness(said)
        others = ~torch.eye(len(ids), dtype=torch.bool)
        return functional.mse_loss(found[others], wanted[others])


def _likeness(said: Tensor) -> Tensor:
    """Cosines of every two posts of a batch, once what they all have in common is taken away."""
    directions = functional.normalize(said.float(), dim=-1, eps=1e-6)
    apart = functional.normalize(directions - directions.mean(0), dim=-1, eps=1e-6)
    return apart @ apart.T
