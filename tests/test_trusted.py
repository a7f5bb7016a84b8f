from pathlib import Path

import pytest

from g2tr.benchmarks.scenes import SceneQuestions
from g2tr.errors import InputError
from g2tr.trusted import build_benchmark, targets

QUESTIONS = "g2tr.benchmarks.scenes.SceneQuestions"


def test_a_benchmark_of_ours_is_built() -> None:
    assert build_benchmark("scenes", {"_target_": QUESTIONS, "limit": 2}) == SceneQuestions(limit=2)


@pytest.mark.parametrize(
    "target",
    [
        *("os.system", "builtins.eval", "torch.load", "pathlib.Path", "subprocess.Popen", "g2tr.predict.torch.load"),
        *("g2tr.run.write_atomically", "g2tr.benchmarks.scenes.Path", "g2tr.benchmarks.sample.io.BytesIO"),
        *("g2tr.benchmarks.sample.limited", "g2tr.benchmarks.nothing.Here", "g2tr.scenes.scene.Scene"),
    ],
)
def test_nothing_else_is_built_wherever_it_hides(target: str, tmp_path: Path) -> None:
    for node in ({"_target_": target}, {"_target_": QUESTIONS, "path": [{"deep": {"_target_": target}}]}):
        with pytest.raises(InputError, match="may not build"):
            build_benchmark("scenes", node)


def test_a_part_alone_is_no_benchmark() -> None:
    with pytest.raises(InputError, match="is no benchmark"):
        build_benchmark("scenes", {"_target_": "g2tr.benchmarks.sample.ImageSource", "content": b"x"})


def test_all_targets_of_a_node_are_found() -> None:
    assert list(targets({"_target_": "a", "b": [{"_target_": "c"}, {"d": {"_target_": "e"}}]})) == ["a", "c", "e"]
