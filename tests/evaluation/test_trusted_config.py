from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from g2tr.benchmarks.scenes import SceneQuestions
from g2tr.config import conf_dir, plain
from g2tr.errors import InputError
from g2tr.evaluation.trusted_config import BENCHMARKS, PARTS, build_benchmark, headline_of, targets

QUESTIONS = "g2tr.benchmarks.SceneQuestions"


def test_a_benchmark_of_ours_is_built() -> None:
    assert build_benchmark("scenes", {"_target_": QUESTIONS, "limit": 2}) == SceneQuestions(limit=2)


@pytest.mark.parametrize(
    "target",
    [
        *(
            "os.system",
            "builtins.eval",
            "torch.load",
            "pathlib.Path",
            "subprocess.Popen",
            "g2tr.evaluation.predict.torch.load",
        ),
        *("g2tr.files.write_atomically", "g2tr.benchmarks.scenes.Path", "g2tr.benchmarks.sample.io.BytesIO"),
        *("g2tr.benchmarks.sample.limited", "g2tr.benchmarks.nothing.Here", "g2tr.scenes.scene.Scene"),
    ],
)
def test_nothing_else_is_built_wherever_it_hides(target: str, tmp_path: Path) -> None:
    for node in ({"_target_": target}, {"_target_": QUESTIONS, "path": [{"deep": {"_target_": target}}]}):
        with pytest.raises(InputError, match="may not build"):
            build_benchmark("scenes", node)


def test_a_part_alone_is_no_benchmark() -> None:
    with pytest.raises(InputError, match="is no benchmark"):
        build_benchmark("scenes", {"_target_": "g2tr.benchmarks.Dataset", "path": "x"})


def test_all_targets_of_a_node_are_found() -> None:
    assert list(targets({"_target_": "a", "b": [{"_target_": "c"}, {"d": {"_target_": "e"}}]})) == ["a", "c", "e"]


def test_every_shipped_benchmark_is_known(compose: Callable[..., DictConfig]) -> None:
    stems = [file.stem for file in (conf_dir() / "benchmark").glob("*.yaml")]
    for stem in stems:
        settings = plain(compose(f"benchmark={stem}"))["benchmark"]
        assert set(targets(settings)) <= BENCHMARKS | PARTS
        assert all(headline_of(node) for node in settings.values())


@pytest.mark.parametrize("text", ["${oc.env:HOME}", "${oc.create:'{_target_: os.getcwd}'}", "a ${limit}"])
def test_an_interpolation_is_no_setting_of_a_run(text: str) -> None:
    for node in ({"_target_": QUESTIONS, "path": text}, {"_target_": QUESTIONS, "path": {text: 1}}):
        with pytest.raises(InputError, match="may not hold the interpolation"):
            build_benchmark("scenes", node)


def test_nothing_is_imported_to_find_out_what_a_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted.py").write_text("open('ran', 'w')\nclass Benchmark: headline = ('accuracy',)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for target in ("planted.Benchmark", "os.makedirs", "nothing", ""):
        with pytest.raises(InputError, match="is no benchmark that is known here"):
            headline_of({"_target_": target})
        with pytest.raises(InputError, match="may not build"):
            build_benchmark("mine", {"_target_": target})
    assert not (tmp_path / "ran").exists()
