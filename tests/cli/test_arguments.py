"""The command line as people write it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from g2tr.cli.arguments import config_folder, ordered, readable, with_paths
from g2tr.cli.evaluate import refuse_idle_settings
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate

Compose = Callable[..., DictConfig]


def test_settings_come_after_flags_wherever_they_stand() -> None:
    given = ["keep_ratio=0.5,0.25", "-m", "reducer=g2tr", "--config-dir", "a=b", "~judge", "--config-name=x=y"]
    assert ordered(given) == ["-m", "--config-dir", "a=b", "--config-name=x=y", *given[:1], "reducer=g2tr", "~judge"]


@pytest.mark.parametrize("path", ["epoch=3.ckpt", "a=b=c/x", "with (brackets)=1", "it's=1", "x,y=2", "[a=1"])
def test_a_path_that_is_no_expression_is_text(path: str, compose: Compose) -> None:
    cfg = compose("benchmark=mme", readable(f"benchmark.mme.dataset.path={path}"))
    assert cfg.benchmark.mme.dataset.path == path


@pytest.mark.parametrize("setting", ["a=1", "a=[1,2]", "a={b: 1}", "a=null", "~a", "+a.b='x=y'", "a=", "a=x y"])
def test_what_can_be_read_stays_as_it_is(setting: str) -> None:
    assert readable(setting) == setting


@pytest.mark.parametrize("setting", ["logger=[files,wandb]", "reducer=[g2tr,none]", "+judge=[openai]"])
def test_a_list_of_what_can_only_be_one_is_refused(setting: str) -> None:
    with pytest.raises(InputError, match="takes one choice, got"):
        readable(setting)


def test_the_own_folder_of_configuration_is_found() -> None:
    assert config_folder(["--config-dir=conf"]) == config_folder(["x=1", "-cd", "conf"]) == "conf"
    assert config_folder(["reducer=g2tr"]) is None


def test_folders_by_name_are_no_values_of_flags() -> None:
    assert with_paths(["a", "-cd", "conf", "out=b"]) == ['paths=["a"]', "-cd", "conf", "out=b"]


@pytest.mark.parametrize("override", ["reference.keep_ratio=0.5", "reducer@reference=random", "reference.name=mine"])
def test_the_reference_cannot_be_reduced(override: str, compose: Compose) -> None:
    with pytest.raises(InputError, match="the reference is the unreduced model.*reducer.keep_ratio="):
        evaluate(compose(override, "limit=1"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["reducer=vscan", "keep_ratio=0.25"], "keep_ratio=0.25 has no effect: reducer=vscan is set to 0.5"),
        (["reducer=g2tr", "reducer.keep_ratio=0.3", "keep_ratio=0.25"], "has no effect"),
        (["reducer=fastv", "reducer.steps.inside.keep_ratio=0.3"], "listed at 0.5; say reducer.keep_ratio"),
    ],
)
def test_a_setting_without_effect_is_refused(overrides: list[str], message: str, compose: Compose) -> None:
    with pytest.raises(InputError, match=message):
        refuse_idle_settings(compose(*overrides), overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        *(["reducer=fastv", "keep_ratio=0.25"], ["reducer=vscan"], ["reducer=vscan", "keep_ratio=0.5"]),
        *(["reducer=none", "keep_ratio=0.25"], ["reducer.keep_ratio=0.3"], ["reducer=pyramiddrop", "keep_ratio=0.3"]),
        ["reducer=fastv", "reducer.steps.inside.keep_ratio=0.3", "reducer.keep_ratio=0.3"],
    ],
)
def test_a_setting_with_effect_is_not(overrides: list[str], compose: Compose) -> None:
    refuse_idle_settings(compose(*overrides), overrides)


MINE = '''"""Mine."""
from dataclasses import dataclass
from typing import ClassVar
import torch

@dataclass(frozen=True)
class Mine:
    requires: ClassVar[frozenset[type]] = frozenset()
    def __call__(self, tokens):
        return torch.arange(len(tokens.features)).float()
'''


def test_a_strategy_beside_the_call_is_found_and_listed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    folder = tmp_path / "conf/reducer/importance"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("_target_: mine.Mine\n")
    program = "import sys; sys.path = [p for p in sys.path if p]; from g2tr.__main__ import main; main()"
    call = [sys.executable, "-c", program, "--config-dir=conf"]
    chosen = ["reducer/importance=mine", "benchmark=scenes_questions", "limit=1"]
    shown = subprocess.run([*call, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert any(line.startswith("reducer/importance:") and line.endswith(", mine") for line in shown.splitlines())
    ended = subprocess.run([*call, *chosen], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0 and "mine" in ended.stdout, ended.stderr
