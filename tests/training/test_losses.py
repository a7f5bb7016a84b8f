"""What is learned, and that it reaches the weights."""

import pytest
import torch

from g2tr.models.bagel.config import BagelConfig, LanguageConfig, VaeConfig, VisionConfig
from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.vae import LatentCodec
from g2tr.scenes.render import CPU
from g2tr.scenes.versions import world
from g2tr.training.autoencoder_module import new_vae
from g2tr.training.bagel_module import new_network
from g2tr.training.batches import BatchSampler
from g2tr.training.losses import Dropping, Flow, answer_loss, changed_patches, edit_loss, mean_over
from g2tr.training.shape import Shape
from g2tr.training.token_rows import entries

LESSONS = BatchSampler(["v2"], 10, batch=2, edit_batch=2, questions=2, edits=(0.0, 1.0), pairs=0.5, seed=0)
VAE = {"ch": 8, "ch_mult": [1, 1, 1, 1], "num_res_blocks": 1, "z_channels": 4, "norm_num_groups": 4}


@pytest.fixture
def config() -> BagelConfig:
    language = LanguageConfig(len(entries(["v2"])), 32, 48, 1, 2, 1)
    vision = VisionConfig(24, 32, 2, 2)
    return BagelConfig(language, vision, 24, 21, vae=VaeConfig(z_channels=4, norm_num_groups=4))


@pytest.fixture
def network(config: BagelConfig) -> BagelNetwork:
    return new_network(config, seed=0)


@pytest.fixture
def codec(config: BagelConfig) -> LatentCodec:
    return LatentCodec(new_vae(Shape({}, {}, VAE), 0).requires_grad_(False), config)


def untouched(network: BagelNetwork) -> set[str]:
    """Trained weights that a loss does not reach."""
    weights = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    return {name for name, weight in weights.items() if weight.grad is None}


@pytest.mark.parametrize("kind", ["ask", "compare"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_answers_teach_everything_but_the_generation_half(network: BagelNetwork, kind: str, dtype: torch.dtype) -> None:
    batch = getattr(LESSONS, kind)(world("v2"), 0).paint(CPU)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        loss, right = answer_loss(network, batch, Dropping(0.5), torch.Generator().manual_seed(0))
    loss.backward()
    assert loss.item() == pytest.approx((2 if kind == "ask" else 1) * torch.tensor(144.0).log().item(), rel=0.05)
    assert 0 <= right <= 1
    assert all(".gen." in n or n.startswith(("vae2llm", "llm2vae", "time_embedder")) for n in untouched(network))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_edits_teach_everything_but_the_head(network: BagelNetwork, codec: LatentCodec, dtype: torch.dtype) -> None:
    batch, generator = LESSONS.edit(world("v2"), 0).paint(CPU), torch.Generator().manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        loss = edit_loss(network, codec, batch, Flow(), Dropping(0.5), generator)
    loss.backward()
    assert loss.isfinite()
    assert untouched(network) == {"language.lm_head.weight"}


def test_changed_patches_are_those_with_a_visible_change() -> None:
    images = torch.zeros(1, 3, 32, 48, dtype=torch.uint8)
    targets = images.clone()
    targets[0, 1, 20, 40] = 13
    targets[0, 1, 3, 3] = 12
    assert changed_patches(images, targets, 16).tolist() == [[False, False, False, False, False, True]]


def test_the_mean_over_no_patch_is_zero() -> None:
    error = torch.tensor([[1.0, 3.0]])
    assert mean_over(error, torch.tensor([[True, True]])) == 2
    assert mean_over(error, torch.zeros(1, 2, dtype=torch.bool)) == 0


def test_times_are_in_the_unit_interval_and_a_shift_moves_them_to_noise() -> None:
    plain, shifted = (Flow(shift=s).times(1000, torch.Generator().manual_seed(0)) for s in (1.0, 3.0))
    assert 0 < plain.min() < plain.max() < 1
    assert plain.mean().item() == pytest.approx(0.5, abs=0.02)
    assert (shifted > plain).all()
