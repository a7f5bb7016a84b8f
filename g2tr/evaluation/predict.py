"""Predictions of one model with one reducer, on one or many devices, written as they come."""

import functools
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import BasePredictionWriter, Callback, RichProgressBar
from PIL.Image import Image
from torch.utils.data import DataLoader

from g2tr.benchmarks.groups import Group, Groups, sample_seed
from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.errors import InputError
from g2tr.evaluation.fingerprints import of_pictures
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import RunFolder
from g2tr.evaluation.shard import Shard
from g2tr.evaluation.signals import StopOnSignal
from g2tr.metrics.account import account
from g2tr.models.base import Model
from g2tr.reducers.cascade import ReductionPlan, query_on

log = logging.getLogger(__name__)
AGAIN = -1  # the batch index of a sample that is tried alone


class Evaluation(LightningModule):
    """Answers and edits the samples of a group, with one reducer."""

    def __init__(
        self,
        load_model: Callable[[str], Model],
        reducer: ReductionPlan,
        benchmarks: Mapping[str, Benchmark],
        seed: int,
        folder: RunFolder,
        groups: Sequence[Group],
    ) -> None:
        super().__init__()
        self.allow_zero_length_dataloader_with_multiple_devices = True
        self.groups = groups
        self.load_model = load_model
        self.reducer = reducer
        self.benchmarks = benchmarks
        self.seed = seed
        self.folder = folder

    def setup(self, stage: str) -> None:
        self.model = self.load_model(str(self.trainer.strategy.root_device))
        self.vae_flops = functools.cache(self.model.vae_flops)
        log_query(self.model, self.reducer)

    def teardown(self, stage: str) -> None:
        """Lets the model go: this module and Lightning's Trainer hold each other and stay until Python looks for it."""
        del self.model, self.vae_flops

    def predict_dataloader(self) -> DataLoader[Group]:
        """Every n-th group, so that n processes share them and none is done twice."""
        share = list(self.groups[self.trainer.global_rank :: self.trainer.world_size])
        return DataLoader(Groups(share), batch_size=None)

    def transfer_batch_to_device(self, batch: Group, device: torch.device, dataloader_idx: int) -> Group:
        """Samples hold no tensors; the model puts what it makes of them on its device."""
        return batch

    def predict_step(self, batch: Group, batch_idx: int) -> list[Record]:
        """One record per sample; a sample that fails becomes a record that says why.

        What is too much for the memory together is tried one by one, and what fails alone a second time.
        """
        try:
            return self.predict_group(batch)
        except (InputError, MemoryError, RuntimeError) as error:
            reason = failure(error)
            if len(batch.samples) == 1 and (isinstance(error, InputError) or batch_idx < 0):
                return [self.record(batch, batch.samples[0], prediction=None, error=reason)]
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        alone = [Group(batch.benchmark, (sample,)) for sample in batch.samples]
        return [record for group in alone for record in self.predict_step(group, AGAIN)]

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
            records.append(
                self.record(group, sample, outcome.output, error, **account(outcome, self.model.shape, self.vae_flops))
            )
        return records

    def edit(self, group: Group, sample: Sample, images: Sequence[Image]) -> Record:
        """One edit, its image stored in the run folder."""
        outcome = self.model.edit(images, sample.prompt, self.reducer, sample_seed(self.seed, sample))
        place = self.folder.save_image(f"{group.benchmark}-{sample.id}", outcome.output)
        return self.record(group, sample, place, **account(outcome, self.model.shape, self.vae_flops))

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
        cluster = sample.cluster or (sample.group if self.benchmarks[group.benchmark].task == "answer" else sample.id)
        read = of_pictures(sample)
        return Record(*place, prediction, target, seed, error, cluster, sample.facts, read=read, **account)


def log_query(model: Model, plan: ReductionPlan) -> None:
    """Says which row is the query of steps inside the language model, where the plan leaves it to the model.

    Raises `InputError` for one that the model cannot have.
    """
    query = query_on(plan, str(model.settings.get("native_query")))
    if plan.query == "native" and plan.inside(model.shape.language.layers):
        log.info("query=native means query=%s on %s", query, model.name)


def failure(error: Exception) -> str:
    """Why a sample failed, in one line; an error that is no fault of the sample goes on up."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "not enough memory" in str(error):
        return "out of memory"
    raise error


class Writer(BasePredictionWriter):
    """Appends the records of each group to this process's file."""

    def __init__(self, folder: RunFolder, shard: Shard) -> None:
        super().__init__(write_interval="batch")
        self.folder, self.shard = folder, shard

    def write_on_batch_end(self, trainer: Trainer, pl_module: LightningModule, prediction: Any, *_: Any) -> None:  # noqa: ANN401
        self.folder.append(self.shard.part(trainer.global_rank), prediction)


def predict(module: Evaluation, settings: Mapping[str, Any], shard: Shard) -> int:
    """Runs the module on the devices that `settings`, those of Lightning's Trainer, name.

    All processes leave together, when every record is on disk; returns the rank of this one. Raises `Stopped`
    after the group in hand when SIGTERM or Ctrl-C has come.
    """
    stop = StopOnSignal()
    with warnings.catch_warnings(), stop.listening():
        warnings.filterwarnings("ignore", module="lightning")
        trainer = build_trainer(settings, [Writer(module.folder, shard), stop, RichProgressBar(leave=False)])
        trainer.predict(module, return_predictions=False)
        trainer.strategy.barrier("predictions")
    return int(trainer.global_rank)


@contextmanager
def one_group() -> Iterator[None]:
    """Processes that found each other stay together for all runs of the body, and part at its end.

    Under torchrun a second meeting may read the addresses of the first; without parting, gloo aborts at exit.
    """
    try:
        yield
    finally:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


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
