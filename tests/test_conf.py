"""Every shipped YAML works, and code, configuration and tests have the same stems."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.utils import get_class, get_object
from omegaconf import DictConfig, OmegaConf

from g2tr.benchmarks.sample import Benchmark
from g2tr.cascade import Cascade
from g2tr.config import build, conf_dir, fingerprint
from g2tr.reducer import Importance, Merge, Reducer, Selection

ROOT = Path(__file__).parents[1]
STAGES = {"importance": Importance, "selection": Selection, "merge": Merge}
Compose = Callable[..., DictConfig]


def stems(folder: Path, pattern: str = "*.yaml") -> set[str]:
    return {path.stem.removeprefix("test_") for path in folder.glob(pattern)} - {"__init__"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_strategy_has_the_same_stem_in_code_configuration_and_tests(stage: str) -> None:
    code = stems(ROOT / "g2tr" / stage, "*.py")
    assert code == stems(conf_dir() / "reducer" / stage) == stems(ROOT / "tests" / stage, "test_*.py")


@pytest.mark.parametrize("stage", STAGES)
def test_every_strategy_can_replace_the_one_of_g2tr(stage: str, compose: Compose) -> None:
    for stem in stems(conf_dir() / "reducer" / stage):
        cfg = compose("reducer=g2tr", f"reducer/{stage}={stem}")
        strategy = getattr(build(cfg.reducer), stage)
        assert isinstance(strategy, STAGES[stage])
        assert type(strategy).__module__ == f"g2tr.{stage}.{stem}"


@pytest.mark.parametrize("name", stems(conf_dir() / "reducer"))
def test_every_reducer_is_built_and_named_after_its_file(name: str, compose: Compose) -> None:
    reducer = build(compose(f"reducer={name}", "keep_ratio=0.25").reducer)
    assert isinstance(reducer, Reducer | Cascade)
    assert reducer.name == name
    assert reducer.keep_ratio == {"none": 1.0, "vscan": 0.5}.get(name, 0.25)


@pytest.mark.parametrize("name", stems(conf_dir() / "benchmark"))
def test_every_benchmark_is_built_and_has_samples_unless_they_lie_elsewhere(name: str, compose: Compose) -> None:
    for node in compose(f"benchmark={name}", "limit=2").benchmark.values():
        if "size" in node:
            node.size = 2
        benchmark = build(node)
        assert isinstance(benchmark, Benchmark)
        assert {"dataset", "path"} & set(node) or len(benchmark.samples()) == 2


def test_benchmarks_are_combined_by_name_and_the_paper_has_four(compose: Compose) -> None:
    assert list(compose("benchmark=[mme,mmvp]").benchmark) == ["mme", "mmvp"]
    nodes = compose("benchmark=paper_understanding").benchmark
    assert {name: build(node).headline[0] for name, node in nodes.items()} == {
        "mme": "total",
        "mmbench": "circular",
        "mmvp": "pair_accuracy",
        "realworldqa": "accuracy",
    }


@pytest.mark.parametrize("name", stems(conf_dir() / "model"))
def test_every_model_names_settings_that_its_loader_takes(name: str, compose: Compose) -> None:
    node = compose(f"model={name}").model
    loader = get_object(node._target_)
    settings = OmegaConf.to_container(node)
    assert isinstance(settings, dict)
    assert set(settings) - {"_target_"} <= set(
        loader.__wrapped__.__annotations__ if hasattr(loader, "__wrapped__") else loader.__annotations__
    )


@pytest.mark.parametrize("name", stems(conf_dir() / "logger"))
def test_every_logger_is_built(name: str, compose: Compose) -> None:
    assert hasattr(build(compose(f"logger={name}").logger), "opened")


@pytest.mark.parametrize("name", stems(conf_dir() / "trainer"))
def test_every_trainer_names_settings_of_lightning(name: str, compose: Compose) -> None:
    from lightning import Trainer

    node = compose(f"trainer={name}").trainer
    assert set(node) <= set(Trainer.__init__.__wrapped__.__annotations__)


@pytest.mark.parametrize("name", stems(conf_dir() / "launcher"))
def test_every_launcher_names_settings_of_submitit(name: str, compose: Compose) -> None:
    cfg = compose(f"launcher={name}", return_hydra_config=True)
    assert cfg.hydra.launcher._target_.startswith("hydra_plugins.hydra_submitit_launcher")
    assert "launcher" not in cfg


@pytest.mark.parametrize("name", stems(conf_dir() / "experiment"))
def test_every_job_of_every_experiment_composes(name: str, compose: Compose) -> None:
    file = OmegaConf.load(conf_dir() / "experiment" / f"{name}.yaml")
    for key, values in file.hydra.sweeper.params.items():
        for value in str(values).split(","):
            assert build(compose(f"experiment={name}", f"{key}={value}").reducer)


def test_targets_exist_in_every_file() -> None:
    for path in conf_dir().rglob("*.yaml"):
        for line in path.read_text().splitlines():
            if line.strip().startswith("_target_: g2tr"):
                assert get_object(line.split("_target_:")[1].strip()) or get_class(line)


def test_equal_configurations_share_a_fingerprint_and_others_do_not() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})
