"""One evaluation: the unreduced reference, then the reducer, on the same samples, under the same accounting."""

import functools
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lightning.fabric.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig

from g2tr.benchmarks.groups import Group, groups_of
from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.config import build, fingerprint, plain
from g2tr.errors import InputError, Stopped
from g2tr.evaluation.fingerprints import of_checkpoint, of_pictures, of_samples
from g2tr.evaluation.finish_run import finish_run, require_any, require_names, require_same
from g2tr.evaluation.predict import Evaluation, one_group, predict
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_config import run_config, run_name
from g2tr.evaluation.run_folder import Run, RunFolder
from g2tr.evaluation.shard import Shard
from g2tr.models.base import Limited, Model
from g2tr.models.kept import KeptModel
from g2tr.reducers.build import build_reducer, require_unreduced
from g2tr.reducers.cascade import ReductionPlan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluator:
    """What the runs of one configuration share: model, benchmarks and samples."""

    cfg: DictConfig
    shard: Shard
    load_model: Callable[[str], Model]
    benchmarks: Mapping[str, Benchmark]
    samples: Mapping[str, Sequence[Sample]]
    read: Mapping[str, Any]

    @classmethod
    def of(cls, cfg: DictConfig, kept: KeptModel) -> "Evaluator":
        """Reads the benchmarks; the model is loaded when the first run needs it."""
        shard = Shard.parse(cfg.shard)
        benchmarks = {str(name): build(node) for name, node in cfg.benchmark.items()}
        samples = {name: benchmark.samples() for name, benchmark in benchmarks.items()}
        require_names(samples)
        seen = {name: of_samples(members) for name, members in samples.items()}
        read = {"model": of_checkpoint(plain(cfg.model)), "benchmarks": seen}
        model = functools.partial(kept.load, cfg.model, read["model"])
        return cls(cfg, shard, model, benchmarks, samples, read)

    def run(self, node: DictConfig, reference: Run | None = None) -> Run | None:
        """Predicts what is missing and scores it; None in every process but the first, and in every shard.

        The unreduced run may be in the hands of another job of a sweep, and is then waited for; `force` spares it
        where it serves as the reference of another.
        """
        config, reducer = run_config(self.cfg, node) | {"read": self.read}, build_reducer(node)
        folder = RunFolder(Path(self.cfg.outputs) / run_name(self.cfg, node, fingerprint(config)))
        fresh = self.cfg.force and node == self.cfg.reducer
        with lock_run(folder, self.shard, wait=node == self.cfg.reference):
            metrics = None if fresh else folder.metrics()
            if metrics is not None:
                require_same(folder, metrics, config)
                if not (self.missing(folder) or (reference and reference.again)):
                    return Run(folder, metrics)
            folder.prepare(config, fresh or (metrics is None and not self.cfg.resume), self.shard.parts)
            with folder.logged():
                again = self.forget_failures(folder)
                if self.predict(folder, reducer) != 0:
                    return None
                require_any(self.own(folder.records()), self.benchmarks)
                if not self.shard.is_whole:
                    return None
                run = finish_run(folder, config, self.benchmarks, self.samples, reference)
                return replace(run, again=[record.error for record in folder.records().values() if record.key in again])

    @functools.cached_property
    def groups(self) -> Sequence[Group]:
        """What this shard has to predict."""
        named = self.benchmarks.items()
        groups = [group for name, each in named for group in groups_of(name, each, self.samples[name])]
        return [part for group in self.shard.share(groups) for part in group.cut(self.cfg.questions_per_batch)]

    def own(self, records: Mapping[tuple[str, str], Record]) -> dict[tuple[str, str], Record]:
        """The records of the samples of this shard."""
        keys = [(group.benchmark, sample.id) for group in self.groups for sample in group.samples]
        return {key: records[key] for key in keys if key in records}

    def missing(self, folder: RunFolder) -> list[Group]:
        """What has no prediction yet, or none that still holds: it failed, or its image is gone or another one now."""
        records = folder.records()

        def is_done(name: str, sample: Sample) -> bool:
            record = records.get((name, sample.id))
            if record is None or record.prediction is None or not folder.holds(record):
                return False
            return record.read == of_pictures(sample)

        done = {
            (group.benchmark, sample.id)
            for group in self.groups
            for sample in group.samples
            if is_done(group.benchmark, sample)
        }
        return [left for group in self.groups if (left := group.without(done))]

    def forget_failures(self, folder: RunFolder) -> set[tuple[str, str]]:
        """Takes what is to be predicted again out of the folder, and says how much it is; returns the keys."""
        missing = {(group.benchmark, sample.id) for group in self.missing(folder) for sample in group.samples}
        again = missing & set(self.own(folder.records()))
        if again and rank() == 0:
            log.info(
                "%s: %d samples that failed, or whose pictures changed, are predicted again", folder.path, len(again)
            )
            folder.forget(again, self.shard.parts)
        return again

    def load(self, device: str) -> Model:
        """The model. Raises `InputError` where it cannot do what the run, or the one after it, asks of it."""
        model = self.load_model(device)
        if isinstance(model, Limited):
            model.require_able(build_reducer(self.cfg.reducer), {each.task for each in self.benchmarks.values()})
        return model

    def predict(self, folder: RunFolder, reducer: ReductionPlan) -> int:
        """Predicts the samples of this shard that have no record yet; returns the rank of this process."""
        missing = self.missing(folder)
        done = len(self.groups) - len(missing)
        log.info("%s: %d of %d groups of samples are done", folder.path, done, len(self.groups))
        module = Evaluation(self.load, reducer, self.benchmarks, self.cfg.seed, folder, missing)
        try:
            return predict(module, plain(self.cfg.trainer), self.shard) if missing else rank()
        except Stopped as stopped:
            done, all_ = len(self.own(folder.records())), sum(len(group.samples) for group in self.groups)
            said = f"stopped after {done} of {all_} samples of {folder.path.name}; the same command goes on from there"
            raise Stopped(stopped.signal, said) from None


def evaluate(cfg: DictConfig, kept: KeptModel | None = None) -> list[Run]:
    """The reference and then the configured reducer; either is taken from its run folder where it is complete.

    `kept` holds the model from one call to the next. With `force` the reducer's run starts afresh; the reference, which
    others share, does where it is the reducer.
    Raises `InputError` for settings that cannot work, before any sample is predicted. Empty in every process
    but the first.
    """
    build_reducer(cfg.reducer)
    require_unreduced(build_reducer(cfg.reference))
    if type(cfg.seed) is not int:
        raise InputError(f"seed must be a whole number, got {cfg.seed!r}")
    if type(cfg.questions_per_batch) is not int or cfg.questions_per_batch < 1:
        raise InputError(f"questions_per_batch must be a whole number of at least 1, got {cfg.questions_per_batch!r}")
    evaluator = Evaluator.of(cfg, kept or KeptModel())
    alone = cfg.reducer == cfg.reference
    with one_group():
        reference = evaluator.run(cfg.reference)
        runs = [reference] if alone else [reference, evaluator.run(cfg.reducer, reference)]
    return [run for run in runs if run is not None]


def lock_run(folder: RunFolder, shard: Shard, wait: bool) -> AbstractContextManager[None]:
    """The lock of the folder, which the first process of a run holds for all of them.

    Processes that another program started cannot wait for it together, so they are refused.
    """
    together = "TORCHELASTIC_RUN_ID" in os.environ or int(os.environ.get("SLURM_NTASKS", "1")) > 1
    return folder.locked(shard.part(0), wait and not together) if rank() == 0 else nullcontext()


def rank() -> int:
    """Which process of a run this is, as Lightning counts them."""
    return int(getattr(rank_zero_only, "rank", 0))
