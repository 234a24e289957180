"""The multilingual network: the graph that the product runs says what training saw."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from models.multilingual import Sentences
from models.universal import WIDTH, FourBits, Universal


@pytest.fixture(scope="module")
def network() -> Sentences:
    torch.manual_seed(3)
    table = np.random.default_rng(3).normal(size=(50, WIDTH)).astype(np.float32)
    return Sentences(FourBits(table), Universal(), {"complaint": 1}).eval()


def test_four_bits_are_within_half_a_step_of_what_they_stand_for() -> None:
    table = np.random.default_rng(1).normal(size=(20, WIDTH)).astype(np.float32)
    table[0] = 0
    found = FourBits(table)(torch.arange(20)).numpy()
    groups = np.abs(table).reshape(20, -1, 32).max(-1).repeat(32, -1)
    assert (np.abs(found - table) <= groups / 7 * 0.502).all()


@torch.no_grad()
def test_padding_changes_nothing(network: Sentences) -> None:
    ids, mask = torch.tensor([[1, 7, 9, 2, 0, 0, 0]]), torch.tensor([[1, 1, 1, 1, 0, 0, 0]])
    alone = network.pooled(ids[:, :4], mask[:, :4])
    assert torch.allclose(network.pooled(ids, mask), alone, atol=1e-5)


@torch.no_grad()
def test_the_product_s_graph_says_the_same(network: Sentences, tmp_path: Path) -> None:
    network.to_onnx(tmp_path / "exact.onnx", tmp_path / "small.onnx")
    for name, least in (("exact", 0.99999), ("small", 0.99)):
        session = onnxruntime.InferenceSession(str(tmp_path / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        for ids in ([1, 2], [1, 7, 9, 2], [1, *range(3, 40), 2]):
            (said,) = session.run(["states"], {"input_ids": np.array(ids)})
            wanted = network.pooled(torch.tensor([ids]), torch.ones(1, len(ids))).numpy()
            assert said.shape == (1, WIDTH)
            assert float((said * wanted).sum() / np.linalg.norm(said) / np.linalg.norm(wanted)) > least
