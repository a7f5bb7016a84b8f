"""What a GPU has to do as the CPU does. With `--device cpu`, as in the ordinary suite, it is compared with itself."""

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from PIL.Image import Image

from g2tr.config import build, conf_dir
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.internvl_u.flow import Sampling as Solver
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.random import random_internvl_u
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.tokens import LatentGrid, VisionAttention, VisualTokens

pytestmark = pytest.mark.cuda
REDUCERS = sorted(path.stem for path in (conf_dir() / "reducer").glob("*.yaml"))
GRID, WIDTH, CHANNELS = (12, 18), 32, 16
QUESTION = "is there a red ring ?"


def drawn_tokens() -> VisualTokens:
    """Random tokens, so that no two scores are nearly equal, with all evidence of an encoder."""
    generator = torch.Generator().manual_seed(3)
    draw = partial(torch.randn, generator=generator)
    count, weight = GRID[0] * GRID[1], draw(WIDTH, CHANNELS)
    mean = draw(10, 16, CHANNELS)
    latents = LatentGrid(mean, mean.abs(), lambda patches: patches @ weight.to(patches).T)
    seen = VisionAttention(torch.rand(3, count, generator=generator))
    return VisualTokens(draw(count, WIDTH), GRID, (latents, seen), seed=5)


def moved(tokens: VisualTokens, device: torch.device) -> VisualTokens:
    """The same tokens on another device."""

    def move(evidence: Any) -> Any:
        values = {field.name: getattr(evidence, field.name) for field in fields(evidence)}
        return replace(evidence, **{k: v.to(device) for k, v in values.items() if isinstance(v, torch.Tensor)})

    return replace(tokens, features=tokens.features.to(device), evidence=tuple(map(move, tokens.evidence)))


@pytest.fixture(scope="module")
def models(device: torch.device) -> tuple[Bagel, Bagel]:
    """The embedded model in float32 on the CPU and on the device, drawing in three steps with guidance."""
    load = partial(load_bagel, "embedded", dtype="float32", sampling=Sampling(4, shift=1.0))
    return load(), load(device=str(device))


@pytest.fixture(scope="module")
def random_models(device: torch.device) -> tuple[InternVLU, InternVLU]:
    """The random InternVL-U in float32 on the CPU and on the device, drawing in two steps."""
    load = partial(random_internvl_u, sampling=Solver(steps=2))
    return load(), load(device=str(device))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", REDUCERS)
def test_every_reducer_keeps_the_same_tokens(
    name: str, dtype: torch.dtype, device: torch.device, compose: Callable[..., DictConfig]
) -> None:
    plan: ReductionPlan = build(compose(f"reducer={name}", "keep_ratio=0.4").reducer)
    tokens = drawn_tokens()
    tokens = replace(tokens, features=tokens.features.to(dtype))
    here, there = plan.encoder(tokens), plan.encoder(moved(tokens, device))
    assert there.features.device.type == there.kept.device.type == there.assignment.device.type == device.type
    assert there.features.dtype == dtype
    agreeing = torch.isin(there.kept.cpu(), here.kept).float().mean()
    if dtype == torch.float32:
        assert torch.equal(there.kept.cpu(), here.kept), f"{agreeing:.1%} agree"
        assert torch.equal(there.assignment.cpu(), here.assignment)
        assert torch.allclose(there.features.cpu(), here.features, atol=1e-5)
    else:  # products of bfloat16 rows may be rounded differently, and turn what is nearly equal
        assert agreeing > 0.9


@pytest.mark.parametrize("name", REDUCERS)
def test_every_reducer_answers_the_same(
    name: str, models: tuple[Bagel, Bagel], scene: Image, compose: Callable[..., DictConfig]
) -> None:
    plan: ReductionPlan = build(compose(f"reducer={name}").reducer)
    here, there = (model.answers([scene], [QUESTION], plan, 4)[0] for model in models)
    assert there.output == here.output
    kept, wanted = there.trace.views[0].kept, here.trace.views[0].kept
    # Rows of plain background are nearly equal; which of them stays may depend on the last bit.
    assert len(kept) == len(wanted) and torch.isin(kept, wanted).float().mean() > 0.9
    assert there.kv_bytes == here.kv_bytes


def test_an_edit_depends_on_its_seed_and_not_on_the_device(
    models: tuple[Bagel, Bagel], scene: Image, compose: Callable[..., DictConfig]
) -> None:
    plan: ReductionPlan = build(compose("reducer=random").reducer)
    here, there = (np.array(model.edit([scene], "make it navy", plan, seed=3).output, int) for model in models)
    other = np.array(models[0].edit([scene], "make it navy", plan, seed=4).output, int)
    assert np.abs(here - there).max() <= 2  # float32 in another order, rounded to whole grey levels
    assert np.abs(here - other).mean() > 1


def test_the_other_model_answers_and_edits_the_same(
    random_models: tuple[InternVLU, InternVLU], scene: Image, compose: Callable[..., DictConfig]
) -> None:
    for name in ("none", "random", "g2tr", "fastv"):
        plan: ReductionPlan = build(compose(f"reducer={name}").reducer)
        here, there = (model.answers([scene], [QUESTION], plan, 3)[0].output for model in random_models)
        assert there == here, name
        drawn = [np.array(model.edit([scene], "make it navy", plan, seed=3).output, int) for model in random_models]
        assert np.abs(drawn[0] - drawn[1]).max() <= 2, name


def test_a_fork_stays_on_the_device_and_shares_its_rows(models: tuple[Bagel, Bagel], scene: Image) -> None:
    model = models[1]
    context = model.context()
    context.read_image(scene, KEEP_ALL)
    fork = context.fork()
    fork.read_text(QUESTION)
    assert context.length < fork.length
    for pair, longer in zip(context.cache.layers, fork.cache.layers, strict=True):
        for rows, more in zip(pair, longer, strict=True):
            assert rows.device == more.device == model.parts.device
            assert torch.equal(rows, more[: len(rows)])


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_half_precision_is_close_to_float32(
    kind: str, models: tuple[Bagel, Bagel], scene: Image, device: torch.device
) -> None:
    half = replace(load_bagel("embedded", dtype=kind, device=str(device)), sampling=Sampling(2))
    wide, drop_rows = (model.encode(scene, frozenset()).features.float().cpu() for model in (models[0], half))
    assert (drop_rows - wide).square().mean().sqrt() < 0.05 * wide.square().mean().sqrt()
    assert half.answer([scene], QUESTION, KEEP_ALL, 4) == models[0].answer([scene], QUESTION, KEEP_ALL, 4)
    assert half.edit([scene], "make it navy", KEEP_ALL).output.size == scene.size


@pytest.mark.parametrize("backend", ["varlen", "flash"])
def test_flash_kernels_answer_as_sdpa_does(
    backend: str, models: tuple[Bagel, Bagel], scene: Image, device: torch.device
) -> None:
    if device.type != "cuda":
        pytest.skip("needs --device cuda")
    if backend == "flash":
        pytest.importorskip("flash_attn")
    model = load_bagel("embedded", dtype="bfloat16", device=str(device), attention_backend=backend)
    assert model.answer([scene], QUESTION, KEEP_ALL, 4) == models[0].answer([scene], QUESTION, KEEP_ALL, 4)
