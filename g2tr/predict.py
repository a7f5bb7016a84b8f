"""Predictions of one model with one reducer, on one or many devices, written as they come."""

import functools
import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import BasePredictionWriter, Callback, RichProgressBar
from PIL.Image import Image
from torch.utils.data import DataLoader, Dataset

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.cascade import Plan
from g2tr.errors import InputError
from g2tr.metrics.cost import cost_of
from g2tr.models.base import Model, Outcome, Trace
from g2tr.run import Record, RunFolder


@dataclass(frozen=True)
class Group:
    """Samples of one benchmark that show the same images; an edit is a group of its own."""

    benchmark: str
    samples: tuple[Sample, ...]


class Groups(Dataset[Group]):
    """Groups as a data set of torch."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> Group:
        return self.groups[index]


def groups_of(name: str, benchmark: Benchmark, samples: Sequence[Sample]) -> list[Group]:
    """Samples by the images they show, in order of appearance."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group if benchmark.task == "answer" else sample.id, []).append(sample)
    return [Group(name, tuple(members)) for members in groups.values()]


def sample_seed(seed: int, sample: Sample) -> int:
    """The seed of one sample: the benchmark's own where it fixes one, else a hash of run seed and id."""
    if sample.seed is not None:
        return sample.seed + seed
    return int(hashlib.sha1(f"{seed}:{sample.id}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def kept_bits(trace: Trace) -> list[dict[str, Any]]:
    """Grid and kept tokens of each image, a bit per token in hex."""
    views = []
    for view in trace.views:
        bits = ["0"] * len(view.homes)
        for index in view.kept.tolist():
            bits[index] = "1"
        views.append({"grid": list(view.grid), "bits": f"{int('1' + ''.join(bits), 2):x}"})
    return views


def count_tokens(trace: Trace, layers: int) -> dict[str, Any]:
    """Visual tokens of a sample: all, the mean over layers of those read, and those that layers read and cache."""
    read, cached = (
        [sum(side[i] for side in sides) for i in range(layers)]
        for sides in ([view.read for view in trace.views], [view.cached for view in trace.views])
    )
    full = sum(len(view.homes) for view in trace.views)
    return {"full": full, "kept": sum(read) / layers, "per_layer": read, "kv_per_layer": cached}


class Evaluation(LightningModule):
    """Answers and edits the samples of a group, with one reducer."""

    def __init__(
        self,
        load_model: Callable[[str], Model],
        reducer: Plan,
        benchmarks: Mapping[str, Benchmark],
        seed: int,
        folder: RunFolder,
        groups: Sequence[Group],
    ) -> None:
        super().__init__()
        self.groups = groups
        self.load_model = load_model
        self.reducer = reducer
        self.benchmarks = benchmarks
        self.seed = seed
        self.folder = folder

    def setup(self, stage: str) -> None:
        self.model = self.load_model(str(self.trainer.strategy.root_device))
        self.vae_flops = functools.cache(self.model.vae_flops)

    def predict_dataloader(self) -> DataLoader[Group]:
        """Every n-th group, so that n processes share them and none is done twice."""
        share = list(self.groups[self.trainer.global_rank :: self.trainer.world_size])
        return DataLoader(Groups(share), batch_size=None)

    def transfer_batch_to_device(self, batch: Group, device: torch.device, dataloader_idx: int) -> Group:
        """Samples hold no tensors; the model puts what it makes of them on its device."""
        return batch

    def predict_step(self, batch: Group, batch_idx: int) -> list[Record]:
        """One record per sample; a sample that fails becomes a record that says why."""
        try:
            return self.predict_group(batch)
        except InputError as error:
            if len(batch.samples) == 1:
                return [self.record(batch, batch.samples[0], prediction=None, error=str(error))]
            alone = [Group(batch.benchmark, (sample,)) for sample in batch.samples]
            return [record for group in alone for record in self.predict_step(group, batch_idx)]

    def predict_group(self, group: Group) -> list[Record]:
        """Predictions of all samples of a group."""
        images = [source.open() for source in group.samples[0].images]
        if self.benchmarks[group.benchmark].task == "answer":
            return self.answer(group, images)
        return [self.edit(group, sample, images) for sample in group.samples]

    def answer(self, group: Group, images: Sequence[Image]) -> list[Record]:
        """Answers to all questions of a group; the images are prefilled once."""
        prompts = [sample.prompt for sample in group.samples]
        limit = self.benchmarks[group.benchmark].max_tokens
        outcomes = self.model.answers(images, prompts, self.reducer, limit)
        records = []
        for sample, outcome in zip(group.samples, outcomes, strict=True):
            error = None if outcome.output.strip() else "empty answer"
            records.append(self.record(group, sample, outcome.output, error, **self.account(outcome)))
        return records

    def edit(self, group: Group, sample: Sample, images: Sequence[Image]) -> Record:
        """One edit, its image stored in the run folder."""
        outcome = self.model.edit(images, sample.prompt, self.reducer, sample_seed(self.seed, sample))
        place = self.folder.save_image(f"{group.benchmark}-{sample.id}", outcome.output)
        return self.record(group, sample, place, **self.account(outcome))

    def record(
        self,
        group: Group,
        sample: Sample,
        prediction: str | None,
        error: str | None = None,
        **account: Any,  # noqa: ANN401
    ) -> Record:
        """A sample and its prediction as a line of the run."""
        target = sample.target if isinstance(sample.target, str) else None
        seed = sample_seed(self.seed, sample)
        place = (sample.id, group.benchmark, sample.category, sample.prompt)
        return Record(*place, prediction, target, seed, error, **account)

    def account(self, outcome: Outcome[Any]) -> dict[str, Any]:
        """Tokens, kept tokens, cost and time of an outcome."""
        trace = outcome.trace
        anchor_flops = sum(self.vae_flops(size) for size in trace.anchor_encodes)
        return {
            "visual_tokens": count_tokens(trace, self.model.shape.language.layers),
            "kept": kept_bits(trace),
            "cost": asdict(cost_of(trace, outcome.kv_bytes, self.model.shape, anchor_flops)),
            "seconds": dict(outcome.seconds),
        }


class Writer(BasePredictionWriter):
    """Appends the records of each group to this process's file."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(write_interval="batch")
        self.folder = folder

    def write_on_batch_end(self, trainer: Trainer, pl_module: LightningModule, prediction: Any, *_: Any) -> None:  # noqa: ANN401
        self.folder.append(trainer.global_rank, prediction)


def predict(module: Evaluation, settings: Mapping[str, Any]) -> int:
    """Runs the module on the devices that `settings`, those of Lightning's Trainer, name.

    All processes leave together, when every record is on disk; returns the rank of this one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        trainer = build_trainer(settings, [Writer(module.folder), RichProgressBar(leave=False)])
        trainer.predict(module, return_predictions=False)
        trainer.strategy.barrier("predictions")
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    return int(trainer.global_rank)


def build_trainer(settings: Mapping[str, Any], callbacks: list[Callback]) -> Trainer:
    """Lightning's Trainer, for prediction alone. Raises `InputError` where it cannot run as `settings` want."""
    try:
        return Trainer(
            **settings,
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
    except (MisconfigurationException, TypeError, ValueError) as error:
        raise InputError(f"trainer: {' '.join(str(error).split())}") from error
