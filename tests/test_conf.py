"""Every shipped YAML works, and code, configuration and tests have the same stems."""

from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.utils import get_class, get_object
from omegaconf import DictConfig, OmegaConf

from g2tr.benchmarks.sample import Benchmark
from g2tr.config import build, conf_dir, fingerprint
from g2tr.evaluation.run_config import run_config
from g2tr.reducers.cascade import Cascade
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.stages import Importance, Merge, Selection
from g2tr.report.tables.table import stages as stages_of

ROOT = Path(__file__).parents[1]
STAGES = {"importance": Importance, "selection": Selection, "merge": Merge}
Compose = Callable[..., DictConfig]


def stems(folder: Path, pattern: str = "*.yaml") -> list[str]:
    return sorted({path.stem.removeprefix("test_") for path in folder.glob(pattern)} - {"__init__"})


def base_of(stage: str, stem: str) -> str:
    """The strategy of a file: its own, or the one of which it is a variant."""
    return OmegaConf.load(conf_dir() / "reducer" / stage / f"{stem}.yaml").get("defaults", [stem])[0]


@pytest.fixture(scope="module")
def strategies(compose: Compose) -> dict[str, dict[str, DictConfig]]:
    """The nodes of every strategy of every stage, side by side in one configuration."""
    named = [(stage, stem) for stage in STAGES for stem in stems(conf_dir() / "reducer" / stage)]
    cfg = compose(*(f"+reducer/{stage}@{stage}.{stem}={stem}" for stage, stem in named), config_name="profile")
    return {stage: dict(cfg[stage]) for stage in STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_a_strategy_has_the_same_stem_in_code_configuration_and_tests(stage: str) -> None:
    found = set(stems(conf_dir() / "reducer" / stage))
    variants = {stem for stem in found if base_of(stage, stem) != stem}
    of_files = [
        set(stems(ROOT / "g2tr" / "reducers" / stage, "*.py")),
        set(stems(ROOT / "tests" / "reducers" / stage, "test_*.py")),
    ]
    assert of_files == [found - variants] * 2
    assert all(variant.startswith(base_of(stage, variant) + "_") for variant in variants)


@pytest.mark.parametrize("stage", STAGES)
def test_every_strategy_can_replace_the_one_of_g2tr(stage: str, strategies: dict[str, dict[str, DictConfig]]) -> None:
    for stem, node in strategies[stage].items():
        strategy = build(node)
        assert isinstance(strategy, STAGES[stage])
        assert type(strategy).__module__ == f"g2tr.reducers.{stage}.{base_of(stage, stem)}"


@pytest.mark.parametrize("name", stems(conf_dir() / "reducer"))
def test_every_strategy_can_replace_that_of_every_stage_of_every_reducer(
    name: str, compose: Compose, strategies: dict[str, dict[str, DictConfig]]
) -> None:
    """Without its strategies a reducer says nothing of its stages, so what is chosen instead is what is built."""
    choices = compose(f"reducer={name}", config_name="profile", return_hydra_config=True).hydra.runtime.choices
    slots = {slot: slot_place(slot) for slot in choices if slot.startswith("reducer/")}
    assert {stage for stage, _ in slots.values()} == set(STAGES)
    cfg = compose(f"reducer={name}", *(f"~{slot}" for slot in slots), config_name="profile")
    assert [place for _, place in slots.values() if OmegaConf.select(cfg, place) is not None] == []
    for turn in range(max(map(len, strategies.values()))):
        chosen = {
            place: list(strategies[stage].items())[turn % len(strategies[stage])] for stage, place in slots.values()
        }
        for place, (_, node) in chosen.items():
            OmegaConf.update(cfg, place, node, merge=False, force_add=True)
        plan = build(cfg.reducer)
        for place, (_, node) in chosen.items():
            assert attrgetter(place.removeprefix("reducer."))(named(plan)) == build(node)


def slot_place(slot: str) -> tuple[str, str]:
    """The stage that an override names, and where its strategy goes."""
    group, _, package = slot.partition("@")
    return group.removeprefix("reducer/"), package or group.replace("/", ".")


def named(plan: Reducer | Cascade) -> object:
    """A plan whose steps are attributes."""
    return plan if isinstance(plan, Reducer) else SimpleNamespace(steps=SimpleNamespace(**plan.steps))


@pytest.mark.parametrize(
    ("overrides", "stages"),
    [
        (["reducer=visionzip", "reducer/merge=drop"], "vision_attention × dominant × drop"),
        (["reducer=uniform", "reducer/selection=topk"], "norm × topk × drop"),
        (["reducer=contrast_diversity", "reducer/selection=dpp"], "latent_contrast × dpp × nearest"),
        (["reducer=contrast_sampling", "reducer/merge=contextual"], "latent_contrast × systematic × contextual"),
        (["reducer=fastv", "reducer/merge@reducer.steps.inside.merge=nearest"], "attention × topk × nearest @ 2/28"),
        (
            ["reducer=pyramiddrop", "reducer/importance@reducer.steps.first.importance=norm"],
            "norm × topk × drop @ 8/32, norm × topk × drop @ 16/32, norm × topk × drop @ 24/32",
        ),
    ],
)
def test_a_stage_is_ablated_by_one_override(overrides: list[str], stages: str, compose: Compose) -> None:
    cfg = compose(*overrides)
    assert isinstance(build(cfg.reducer), Reducer | Cascade)
    assert stages_of(run_config(cfg, cfg.reducer)["reducer"]) == stages


def test_the_names_of_steps_are_no_part_of_what_is_saved(compose: Compose) -> None:
    cfg = compose("reducer=fastv")
    listed = cfg.copy()
    listed.reducer.steps = list(cfg.reducer.steps.values())
    assert run_config(listed, listed.reducer) == run_config(cfg, cfg.reducer)
    assert build(listed.reducer).ordered == build(cfg.reducer).ordered


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
    """The first values stand for all options of a group, which other tests build."""
    file = OmegaConf.load(conf_dir() / "experiment" / f"{name}.yaml")
    swept = {str(key): str(values).split(",") for key, values in file.hydra.sweeper.params.items()}
    cfg = compose(f"experiment={name}", *(f"{key}={values[0]}" for key, values in swept.items()))
    assert build(cfg.reducer)
    for key, values in swept.items():
        if (conf_dir() / key).is_dir():
            assert set(values) <= set(stems(conf_dir() / key))
        else:
            jobs = [OmegaConf.merge(cfg, OmegaConf.from_dotlist([f"{key}={value}"])) for value in values]
            assert all(build(job.reducer) for job in jobs)


def test_targets_exist_in_every_file() -> None:
    for path in conf_dir().rglob("*.yaml"):
        for line in path.read_text().splitlines():
            if line.strip().startswith("_target_: g2tr"):
                assert get_object(line.split("_target_:")[1].strip()) or get_class(line)


def test_equal_configurations_share_a_fingerprint_and_others_do_not() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})
