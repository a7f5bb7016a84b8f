"""One evaluation: the unreduced reference, then the reducer, on the same samples, under the same accounting."""

import functools
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.fabric.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig

from g2tr import __version__
from g2tr.benchmarks.groups import groups_of
from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.cascade import Plan
from g2tr.config import build, fingerprint, plain
from g2tr.errors import InputError
from g2tr.models.base import Model
from g2tr.predict import Evaluation, one_group, predict
from g2tr.provenance import git_state, versions
from g2tr.run import RunFolder
from g2tr.score import score_run
from g2tr.shard import Shard

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A complete run: its folder and its metrics."""

    folder: RunFolder
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class Evaluator:
    """What the runs of one configuration share: model, benchmarks and samples."""

    cfg: DictConfig
    shard: Shard
    load_model: Callable[[str], Model]
    benchmarks: Mapping[str, Benchmark]
    samples: Mapping[str, Sequence[Sample]]

    @classmethod
    def of(cls, cfg: DictConfig) -> "Evaluator":
        """Reads the benchmarks; the model is loaded when the first run needs it."""
        shard = Shard.parse(cfg.shard)
        benchmarks = {str(name): build(node) for name, node in cfg.benchmark.items()}
        samples = {name: benchmark.samples() for name, benchmark in benchmarks.items()}
        require_names(samples)
        return cls(cfg, shard, functools.cache(lambda device: build(cfg.model, device=device)), benchmarks, samples)

    def run(self, node: DictConfig, reference: Run | None = None) -> Run | None:
        """Predicts what is missing and scores it; None in every process but the first, and in every shard.

        The unreduced run may be in the hands of another job of a sweep, and is then waited for; `force` spares it
        where it serves as the reference of another.
        """
        config, reducer = relevant(self.cfg, node), build_reducer(node)
        folder = RunFolder(Path(self.cfg.outputs) / run_name(self.cfg, node, fingerprint(config)))
        fresh = self.cfg.force and node == self.cfg.reducer
        with held(folder, self.shard, wait=node == self.cfg.reference):
            metrics = None if fresh else folder.metrics()
            if metrics is not None:
                require_same(folder, metrics, config)
                return Run(folder, metrics)
            folder.prepare(config, fresh or not self.cfg.resume, self.shard.parts)
            with folder.logged():
                if self.predict(folder, reducer) != 0 or not self.shard.is_whole:
                    return None
                return conclude(folder, config, self.benchmarks, self.samples, reference)

    def predict(self, folder: RunFolder, reducer: Plan) -> int:
        """Predicts the samples of this shard that have no record yet; returns the rank of this process."""
        done = {key for key, record in folder.records().items() if folder.holds(record)}
        groups = self.shard.share(
            [
                group
                for name, benchmark in self.benchmarks.items()
                for group in groups_of(name, benchmark, self.samples[name])
            ]
        )
        missing = [left for group in groups if (left := group.without(done))]
        log.info("%s: %d of %d groups of samples are done", folder.path, len(groups) - len(missing), len(groups))
        module = Evaluation(self.load_model, reducer, self.benchmarks, self.cfg.seed, folder, missing)
        return predict(module, plain(self.cfg.trainer), self.shard) if missing else rank()


def require_same(folder: RunFolder, metrics: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Raises `InputError` where the metrics in a folder are not those of the configuration that it is named after."""
    if not isinstance(metrics, Mapping) or any(
        metrics.get(key) != config.get(key) for key in ("model", "benchmark", "reducer", "seed")
    ):
        raise InputError(
            f"{folder.metrics_file} is of other settings than its folder; remove it, and the same command goes on"
        )


def require_names(samples: Mapping[str, Sequence[Sample]]) -> None:
    """Raises `InputError` where two samples of a benchmark share an id."""
    for name, members in samples.items():
        (most, count), *_ = Counter(sample.id for sample in members).most_common(1)
        if count > 1:
            raise InputError(f"{name}: {count} samples have the id {most!r}; ids must differ")


def conclude(
    folder: RunFolder,
    config: Mapping[str, Any],
    benchmarks: Mapping[str, Benchmark],
    samples: Mapping[str, Sequence[Sample]],
    reference: Run | None,
) -> Run:
    """Grades, sums up and writes a run whose samples all have a record."""
    full = reference.folder if reference else None
    records, measured = score_run(folder, folder.records(), benchmarks, samples, full)
    metrics = {
        "run_id": fingerprint(config),
        "git": git_state(),
        "versions": versions(),
        "model": config["model"],
        "benchmark": config["benchmark"],
        "reducer": config["reducer"],
        "preprocess": config["model"].get("preprocess"),
        "seed": config["seed"],
        **measured,
    }
    folder.finish(records, metrics)
    log.info("wrote %s", folder.metrics_file)
    return Run(folder, metrics)


def evaluate(cfg: DictConfig) -> list[Run]:
    """The reference and then the configured reducer; either is taken from its run folder where it is complete.

    With `force` the reducer's run starts afresh; the reference, which others share, does where it is the reducer.
    Raises `InputError` for settings that cannot work, before any sample is predicted. Empty in every process
    but the first.
    """
    build_reducer(cfg.reducer)
    if type(cfg.seed) is not int:
        raise InputError(f"seed must be a whole number, got {cfg.seed!r}")
    evaluator = Evaluator.of(cfg)
    alone = cfg.reducer == cfg.reference
    with one_group():
        reference = evaluator.run(cfg.reference)
        runs = [reference] if alone else [reference, evaluator.run(cfg.reducer, reference)]
    return [run for run in runs if run is not None]


def held(folder: RunFolder, shard: Shard, wait: bool) -> AbstractContextManager[None]:
    """The lock of the folder, which the first process of a run holds for all of them.

    Processes that another program started cannot wait for it together, so they are refused.
    """
    together = "TORCHELASTIC_RUN_ID" in os.environ or int(os.environ.get("SLURM_NTASKS", "1")) > 1
    return folder.locked(shard.part(0), wait and not together) if rank() == 0 else nullcontext()


def rank() -> int:
    """Which process of a run this is, as Lightning counts them."""
    return int(getattr(rank_zero_only, "rank", 0))


def relevant(cfg: DictConfig, node: DictConfig) -> dict[str, Any]:
    """The part of the configuration that decides the results of a run with the reducer of `node`."""
    settings = {"model": cfg.model, "benchmark": cfg.benchmark, "reducer": node}
    return {"g2tr": __version__, "seed": cfg.seed} | {name: plain(value) for name, value in settings.items()}


def build_reducer(node: DictConfig) -> Plan:
    """The reducer or cascade of a configuration node."""
    reducer = build(node)
    if not isinstance(reducer, Plan):
        raise InputError(f"reducer must be a g2tr Reducer or Cascade, got {type(reducer).__name__}")
    return reducer


def run_name(cfg: DictConfig, node: DictConfig, run_id: str) -> str:
    """The name of a run folder: what it is at a glance, and the id that finds it again."""
    benchmarks = "+".join(map(str, cfg.benchmark))
    return f"{cfg.model.name}-{benchmarks}-{node.name}-{node.keep_ratio}-{run_id}"
