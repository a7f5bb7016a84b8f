"""The pure core against values that an independent float64 implementation recorded (README beside them)."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from g2tr.models.bagel.vae import LatentCodec
from g2tr.reducers.anchors import AnchorRule, anchor_cells, pool_patches
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.tokens import Anchors, Grid, LatentGrid, VisualTokens, initial_assignment

FOLDER = Path(__file__).parents[1] / "golden" / "g2tr_method"
CASES = ("generic_12x18", "ties_15x15")
POOLS = (1, 2)


def described(case: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{case}.json").read_text())


@cache
def recorded(case: str) -> dict[str, Tensor]:
    return load_file(FOLDER / f"{case}.safetensors")


def settings(sections: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    named = [(case, name, rule) for case, rules in sections for name, rule in rules.items() if isinstance(rule, dict)]
    return [pytest.param(*setting, id=f"{setting[0]}-{setting[1]}") for setting in named]


RELEASED = settings([(case, described(case)["settings"]) for case in CASES])
SECOND = settings([(CASES[0], described(CASES[0])["internvlu"][f"pool{pool}"]["settings"]) for pool in POOLS])


def assert_same(actual: Tensor, expected: Tensor) -> None:
    """Equal within 1e-6 of the largest value."""
    assert actual.shape == expected.shape
    scale = expected.abs().max().item()
    torch.testing.assert_close(actual.double(), expected.double(), rtol=0, atol=1e-6 * scale)


def token_grid(case: str) -> Grid:
    height, width = described(case)["grid"]["tokens"]
    return height, width


def latent_grid(case: str) -> LatentGrid:
    values = recorded(case)
    patches = values["patched"].float()
    weight, bias = values["vae2llm.weight"], values["vae2llm.bias"]
    return LatentGrid(patches, torch.zeros_like(patches), lambda pooled: F.linear(pooled, weight, bias))


def tokens_with(case: str, evidence: object) -> VisualTokens:
    return VisualTokens(recorded(case)["tokens"], token_grid(case), (evidence,))


def second_anchors(pool: int) -> Anchors:
    values = recorded(CASES[0])
    return Anchors(values[f"internvlu.pool{pool}.anchors"], values[f"internvlu.pool{pool}.cell"])


@pytest.mark.parametrize("case", CASES)
def test_patches_are_cut_as_recorded(case: str) -> None:
    # Cutting needs no autoencoder, only the side of a patch.
    codec = SimpleNamespace(config=SimpleNamespace(latent_patch=2))
    patches = LatentCodec.to_patches(codec, recorded(case)["latent"])
    assert patches.double().equal(recorded(case)["patched"])


@pytest.mark.parametrize("case", CASES)
def test_pooled_patches_are_the_recorded_ones(case: str) -> None:
    assert_same(pool_patches(latent_grid(case).mean, 2), recorded(case)["pooled"])


@pytest.mark.parametrize("case", CASES)
def test_anchors_and_cells_are_the_recorded_ones(case: str) -> None:
    anchors = AnchorRule()(latent_grid(case), token_grid(case))
    assert_same(anchors.features, recorded(case)["anchors"])
    assert anchors.cells.equal(recorded(case)["cell"])


@pytest.mark.parametrize("pool", POOLS)
def test_cells_of_anchors_of_the_second_kind_are_the_recorded_ones(pool: int) -> None:
    height, width = described(CASES[0])["internvlu"][f"pool{pool}"]["cells"]
    assert anchor_cells(token_grid(CASES[0]), (height, width)).equal(second_anchors(pool).cells)


@pytest.mark.parametrize("case", CASES)
def test_scores_are_the_recorded_ones(case: str) -> None:
    tokens = tokens_with(case, AnchorRule()(latent_grid(case), token_grid(case)))
    assert_same(Latent()(tokens), recorded(case)["scores"])


@pytest.mark.parametrize("pool", POOLS)
def test_scores_by_given_anchors_are_the_recorded_ones(pool: int) -> None:
    scores = Latent()(tokens_with(CASES[0], second_anchors(pool)))
    assert_same(scores, recorded(CASES[0])[f"internvlu.pool{pool}.scores"])


def assert_reduces_as_recorded(case: str, setting: str, rule: dict[str, Any], evidence: object, weight: float) -> None:
    values, tokens = recorded(case), tokens_with(case, evidence)
    reduction = Reducer(Latent(), Balanced(), Nearest(weight), rule["ratio"], rule["min_keep"])(tokens)
    kept = values[f"{setting}.kept"]
    assignment = initial_assignment(kept, len(tokens.features))
    assignment[values[f"{setting}.dropped"]] = values[f"{setting}.home"]
    assert len(reduction.kept) == rule["K"]
    assert reduction.kept.equal(kept)
    assert reduction.assignment.equal(assignment)
    assert (reduction.sizes - 1).equal(values[f"{setting}.count"])
    assert_same(reduction.features, values[f"{setting}.merged" + ("" if weight == 1 else f"_lambda{weight:g}")])


@pytest.mark.parametrize("case, setting, rule", RELEASED)
def test_tokens_reduce_as_recorded(case: str, setting: str, rule: dict[str, Any]) -> None:
    assert_reduces_as_recorded(case, setting, rule, latent_grid(case), weight=1.0)


@pytest.mark.parametrize("case", CASES)
def test_a_weight_of_two_merges_as_recorded(case: str) -> None:
    rule = described(case)["settings"]["keep0.25_min1"]
    assert_reduces_as_recorded(case, "keep0.25_min1", rule, latent_grid(case), weight=2.0)


@pytest.mark.parametrize("case, setting, rule", SECOND)
def test_tokens_reduce_by_given_anchors_as_recorded(case: str, setting: str, rule: dict[str, Any]) -> None:
    pool = 1 if "pool1" in setting else 2
    assert_reduces_as_recorded(case, setting, rule, second_anchors(pool), weight=1.0)


def test_half_way_budgets_round_to_even() -> None:
    rules = described("ties_15x15")["settings"]
    assert [rules[name]["K"] for name in ("keep0.5_min1", "keep0.1_min1")] == [112, 22]
    assert [Reducer(Latent(), Balanced(), Nearest(), ratio, 1).budget(225) for ratio in (0.5, 0.1)] == [112, 22]
