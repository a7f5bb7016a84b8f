"""The command line as a user meets it."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from g2tr.__main__ import main
from g2tr.assets import ASSETS

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Runs `g2tr` in this process, in an empty folder; returns exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["g2tr", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        if isinstance(ended.value.code, str):
            err += ended.value.code + "\n"
        return (ended.value.code if isinstance(ended.value.code, int) else 1), out, err

    return run


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str], str]:
    """A copy of the embedded checkpoint with one thing wrong."""

    def make(what: str) -> str:
        folder = tmp_path / what
        folder.mkdir()
        for path in (ASSETS / "bagel_tiny").iterdir():
            (folder / path.name).symlink_to(path)
        weights = folder / "ema.safetensors"
        content = weights.read_bytes() if what == "truncated" else b""
        tensors = load_file(weights)
        weights.unlink()
        if what == "truncated":
            weights.write_bytes(content[: len(content) // 2])
        else:
            save_file({**tensors, "connector.fc1.bias": torch.zeros(7)}, weights)
        return str(folder)

    return make


def test_help_names_the_choices_without_loading_torch() -> None:
    code = (
        "import sys; sys.argv = ['g2tr', '--help']\nimport g2tr.__main__ as m\ntry: m.main()\nexcept SystemExit: pass\n"
    )
    code += "assert not {'torch', 'lightning', 'transformers', 'diffusers'} & set(sys.modules), 'heavy import'"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for group in ("model: bagel, bagel_tiny", r"reducer/importance: .*latent, .*norm, .*random", "keep_ratio: 0.5"):
        assert re.search(group, shown)


def test_what_reads_saved_runs_alone_starts_without_lightning_and_transformers() -> None:
    code = "import sys, g2tr.cli.judge, g2tr.cli.merge_shards, g2tr.cli.report, g2tr.cli.score\n"
    code += "assert not {'lightning', 'transformers', 'diffusers'} & set(sys.modules), 'heavy import'"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model=bagel", "model.checkpoint=/nonexistent"], "/nonexistent"),
        (["reducer=foo"], "Could not find 'reducer/foo'.*g2tr .*none .*random"),
        (["keep_ratio=0.0"], "keep_ratio .*got 0.0"),
        (["keep_ratio=1.5"], "keep_ratio .*got 1.5"),
        (["limit=0"], "limit .*got 0"),
        (["benchmark=scenes_questions", "benchmark.scenes_questions.path=/nowhere"], "/nowhere/understanding.parquet"),
        (["nonsense=3"], "Could not override 'nonsense'"),
        (["reducer.merge.weight=-1.0"], "merge.weight .*got -1.0"),
        (["reducer.anchors.pool=0"], "anchors.pool .*got 0"),
        (["model.preprocess=foo"], "unknown preprocess 'foo'"),
        (["model.dtype=int8"], "unknown dtype 'int8'"),
        (["model.sampling.renorm=foo"], "unknown renorm 'foo'|renorm"),
        (["trainer.accelerator=abacus"], "trainer: .*abacus"),
        (["-m", "trainer=ddp"], "a sweep .*trainer.devices=2"),
        (["logger=wandb", "logger.mode=loud"], "logger.mode .*'loud'"),
        (["scoer", "outputs"], "unknown command 'scoer'; there are evaluate, "),
        (["launcher=nope"], "launcher/nope"),
        (["experiment=nope"], "experiment/nope"),
        (["outputs=/proc/nowhere"], "cannot write /proc/nowhere: "),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_bad_input_ends_with_one_clear_line(cli: Cli, arguments: list[str], message: str) -> None:
    code, out, err = cli(*arguments)
    assert code == 1
    assert out == ""
    assert re.fullmatch(rf"g2tr: [^\n]*({message})[^\n]*\n", err), err


def test_a_value_of_the_wrong_kind_ends_with_one_clear_line(tmp_path: Path) -> None:
    """In a process of its own, since the shape checks of the tests would speak first; test_fuzz.py has many more."""
    command = [sys.executable, "-m", "g2tr", "keep_ratio=half", f"outputs={tmp_path}"]
    ended = subprocess.run(command, capture_output=True, text=True)
    message = "g2tr: keep_ratio must be a number above 0 and at most 1, got 'half'\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", message)


@pytest.mark.parametrize(
    ("what", "message"), [("truncated", "damaged or cut off"), ("misshaped", r"connector\.fc1\.bias")]
)
@pytest.mark.filterwarnings("ignore")
def test_a_broken_checkpoint_ends_with_one_clear_line(
    cli: Cli, broken: Callable[[str], str], what: str, message: str
) -> None:
    code, _, err = cli(f"model.checkpoint={broken(what)}", "limit=1")
    assert code == 1
    assert re.fullmatch(rf"g2tr: [^\n]*({message})[^\n]*\n", err), err


@pytest.mark.filterwarnings("ignore")
def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["g2tr", "keep_ratio=0", "--debug"])
    with pytest.raises(ValueError, match="keep_ratio"):
        main()


def test_a_sweep_leaves_a_run_folder_per_job_and_one_reference(cli: Cli, tmp_path: Path) -> None:
    choice = ("-m", "benchmark=scenes_questions", "limit=1", "reducer=g2tr", "reducer/importance=random,norm,latent")
    code, out, err = cli(*choice, "keep_ratio=0.25,0.5")
    assert code == 0, err
    folders = [path.name for path in (tmp_path / "outputs").iterdir() if (path / "metrics.json").is_file()]
    assert all((tmp_path / "outputs" / name / "run.log").read_text().endswith("metrics.json\n") for name in folders)
    assert sum("-g2tr-" in name for name in folders) == 6
    assert sum("-none-" in name for name in folders) == 1
    assert out.count("× balanced × nearest") == 6


@pytest.mark.filterwarnings("ignore")
def test_a_failed_job_leaves_the_other_jobs_of_a_sweep_alone(cli: Cli) -> None:
    code, out, err = cli("-m", "benchmark=scenes_questions", "limit=1", "keep_ratio=7.5,0.5")
    assert code == 1
    assert err.startswith("g2tr: keep_ratio must be a number above 0 and at most 1, got 7.5\n")
    assert "latent × balanced × nearest" in out


def test_a_bare_call_compares_no_random_and_g2tr_reduction(compose: Callable[..., object]) -> None:
    from g2tr.__main__ import FIRST_LOOK

    cfg = compose(FIRST_LOOK)
    assert FIRST_LOOK == "experiment=first_look"
    assert cfg.benchmark.scenes_questions.limit is None
