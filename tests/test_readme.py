"""What the README and CONTRIBUTING show works as shown."""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from g2tr.__main__ import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK = ("limit=1", "model.sampling.num_timesteps=2")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands() -> list[list[str]]:
    """The arguments of every `g2tr …` line."""
    lines = [line for block in blocks(README, "bash") for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("g2tr ")]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
@pytest.mark.filterwarnings("ignore")
def test_a_command_of_the_readme_runs(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if {"trainer=ddp", "launcher=slurm", "shard=3/16"} & set(arguments):
        pytest.skip("tests/evaluation/test_predict.py runs it")
    if arguments[0].startswith("experiment="):
        pytest.skip("tests/test_conf.py composes all its jobs")
    small: tuple[str, ...] = (*QUICK, f"outputs={tmp_path}")
    if arguments[0] in ("profile", "report", "score", "train"):
        pytest.skip(f"tests of {arguments[0]} run it")
    monkeypatch.setattr(sys, "argv", ["g2tr", *arguments, *small])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    if "model=bagel" in arguments:
        assert "lmms-lab-encoder/MME" in str(ended.value.code) + err
    else:
        assert ended.value.code == 0, err
        assert "|" in out


def test_the_two_commands_of_the_readme_are_those_that_ci_and_users_run() -> None:
    assert "pip install -c constraints.txt -e . && g2tr\n" in README
    assert "python -m pytest" in README
    assert '"$venv/bin/python" -m pytest' in (ROOT / ".ci/run").read_text()


def test_the_code_of_the_readme_answers(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks(README, "python")
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip() == "gray"


def test_the_readme_lists_every_strategy_reducer_and_model(compose: Callable[..., object]) -> None:
    from g2tr.config import conf_dir

    for folder in ("reducer", "reducer/importance", "reducer/selection", "reducer/merge", "model"):
        for path in (conf_dir() / folder).glob("*.yaml"):
            assert f"`{path.stem}`" in README, f"README does not name {folder}/{path.stem}"


def test_the_example_of_contributing_works() -> None:
    code, test = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
    namespace: dict[str, object] = {"__name__": "example"}
    exec(compile(code, "contrast.py", "exec"), namespace)
    test = test.replace("from g2tr.reducers.importance.contrast import Contrast\n", "")
    exec(compile(test, "test_contrast.py", "exec"), namespace)
    claim = namespace["test_the_odd_one_out_scores_highest"]
    assert callable(claim)
    claim()
