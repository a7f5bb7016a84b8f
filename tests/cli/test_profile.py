from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from g2tr.cli.profile import Timing, profile, random_tokens, squarest
from g2tr.errors import InputError
from g2tr.reducers.tokens import LatentGrid

CONF = Path(__file__).parents[2] / "conf"
SMALL = ("sizes=[64,90]", "width=48", "repeats=2", "device=cpu")
STAGES = ["anchors", "importance", "selection", "merge", "product"]


def configured(*overrides: str) -> DictConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        return compose("profile", overrides=[*SMALL, *overrides])


@pytest.fixture(scope="module")
def timings() -> list[Timing]:
    return profile(configured())


def test_every_stage_is_timed_at_every_size(timings: list[Timing]) -> None:
    assert [(t.n, t.k, t.stage) for t in timings] == [(n, n // 2, stage) for n in (64, 90) for stage in STAGES]


def test_times_are_positive_and_ratios_are_to_the_product(timings: list[Timing]) -> None:
    for n in (64, 90):
        (product,) = [t.milliseconds for t in timings if (t.n, t.stage) == (n, "product")]
        for timing in (t for t in timings if t.n == n):
            assert 0 < timing.milliseconds < 60_000
            assert timing.ratio == pytest.approx(timing.milliseconds / product)


def test_the_table_can_be_pasted_into_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    profile(configured())
    printed = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    title, header, rule, *rows = printed
    assert title.startswith("g2tr: bfloat16 tokens of width 48 on cpu, torch")
    assert [cell.strip() for cell in header.strip("|").split("|")] == [
        "tokens",
        "kept",
        "stage",
        "ms",
        "stage / product",
    ]
    assert set(rule) == {"|", "-"}
    assert [row.split("|")[3].strip() for row in rows] == STAGES * 2


def test_a_reducer_without_anchors_is_timed_without_them() -> None:
    assert [t.stage for t in profile(configured("reducer=random", "sizes=[64]"))] == STAGES[1:]


def test_the_ratio_of_the_command_line_is_used() -> None:
    assert {(t.n, t.k) for t in profile(configured("keep_ratio=0.75"))} == {(64, 48), (90, 68)}


@pytest.mark.parametrize(
    "override, message",
    [
        ("reducer=none", r"none keeps all of \[64, 90\] tokens"),
        ("sizes=[32,64]", r"g2tr keeps all of \[32\] tokens; choose larger sizes or a lower keep_ratio"),
        ("sizes=64", "the list of sizes must be whole numbers of at least 1, got .* sizes=64"),
        ("sizes=[0]", "the list of sizes must be whole numbers of at least 1"),
        ("repeats=0", "repeats=0"),
        ("width=1.5", "width=1.5"),
        ("dtype=int3", "unknown dtype 'int3'"),
        ("device=abacus", "unknown device 'abacus'"),
    ],
)
def test_what_cannot_be_timed_is_refused_in_a_line(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        profile(configured(override))


@pytest.mark.parametrize("n, grid", [(256, (16, 16)), (3150, (50, 63)), (7, (1, 7)), (1, (1, 1))])
def test_any_number_of_tokens_gets_the_squarest_grid(n: int, grid: tuple[int, int]) -> None:
    assert squarest(n) == grid


def test_random_tokens_have_the_shapes_of_a_large_bagel_image() -> None:
    tokens = random_tokens(4900, 8, torch.bfloat16, torch.Generator(), torch.device("cpu"))
    latent = tokens.read(LatentGrid)
    assert tokens.features.shape == (4900, 8)
    assert latent.mean.shape == (64, 64, 64)
    assert latent.project(latent.mean[0]).shape == (64, 8)
    assert latent.project(latent.mean[0]).dtype == torch.bfloat16


def test_a_reducer_can_be_timed_on_the_tokens_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    timings = profile(configured("model=internvl_u_random"))
    assert [(t.n, t.k, t.stage) for t in timings] == [(64, 32, stage) for stage in STAGES]
    assert "g2tr: float32 tokens of width 64 of internvl_u_random on cpu" in capsys.readouterr().out
    assert [t.stage for t in profile(configured("model=internvl_u_random", "reducer=visionzip"))] == STAGES[1:]


@pytest.mark.parametrize(
    "overrides, message",
    [
        (["reducer=fastv"], "fastv acts inside the language model"),
        (["model=internvl_u_random", "reducer=vscan"], "vscan acts inside the language model"),
        (["model=internvl_u_random", "keep_ratio=1.0"], "g2tr keeps all of 64 tokens; choose a lower keep_ratio"),
    ],
)
def test_a_reducer_that_has_nothing_to_time_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        profile(configured(*overrides))
