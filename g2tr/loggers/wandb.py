"""Weights & Biases: one run per job, closed even when the job fails; offline by default."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from omegaconf import DictConfig

from g2tr.benchmarks.sample import Benchmark
from g2tr.config import build, fingerprint, plain
from g2tr.errors import InputError
from g2tr.evaluation.record import Record, read_records
from g2tr.evaluation.run_config import run_config
from g2tr.evaluation.run_folder import Run
from g2tr.loggers.base import Log
from g2tr.report.figures.overlay import overlay, side_by_side

Mode = Literal["online", "offline", "disabled"]
MODES: dict[str, Mode] = {"online": "online", "offline": "offline", "disabled": "disabled"}
PICTURES = 16
ROWS = 2000
COLUMNS = ("id", "benchmark", "category", "prompt", "prediction", "target", "error")


@dataclass(frozen=True)
class WandB:
    """Configuration, metrics, a table of predictions, kept-token overlays and edits of each job.

    `mode` is online, offline (upload later with `wandb sync`) or disabled.
    """

    project: str = "g2tr"
    entity: str | None = None
    group: str | None = None
    tags: Sequence[str] = ()
    mode: str = "offline"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"logger.mode must be online, offline or disabled, got {self.mode!r}")

    @contextmanager
    def opened(self, cfg: DictConfig) -> Iterator[Log]:
        """Starts the W&B run with the resolved configuration; it is marked as failed if the job fails."""
        try:
            import wandb
        except ImportError:
            raise InputError("logger=wandb needs the package wandb: pip install 'g2tr[wandb]'") from None
        session = wandb.init(
            project=self.project,
            entity=self.entity,
            group=self.group,
            tags=[*self.tags, str(cfg.model.name), str(cfg.reducer.name), *map(str, cfg.benchmark)],
            job_type="infer",
            mode=MODES[self.mode],
            id=fingerprint(run_config(cfg, cfg.reducer)),
            resume="allow",
            dir=str(cfg.outputs),
            config=plain(cfg),
        )
        try:
            yield lambda run: log_run(session, cfg, run)
        except BaseException:
            session.finish(exit_code=1)
            raise
        session.finish()


def log_run(session: Any, cfg: DictConfig, run: Run) -> None:  # noqa: ANN401 - wandb is optional
    """Puts a complete run into a W&B run."""
    import wandb

    records = read_records(run.folder.path / "predictions.jsonl")
    session.log(flat(run.metrics))
    rows = [[str(getattr(record, name)) for name in COLUMNS] for record in records[:ROWS]]
    session.log({"predictions": wandb.Table(columns=list(COLUMNS), data=rows)})
    for name, node in cfg.benchmark.items():
        pictures = benchmark_pictures(str(name), build(node), records, run)
        session.log({f"{name}/pictures": [wandb.Image(image, caption=caption) for image, caption in pictures]})


def flat(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """All numbers of nested metrics, their keys joined by slashes."""
    numbers: dict[str, float] = {}
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            numbers |= flat(value, f"{prefix}{key}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            numbers[f"{prefix}{key}"] = float(value)
    return numbers


def benchmark_pictures(name: str, benchmark: Benchmark, records: Sequence[Record], run: Run) -> list[tuple[Any, str]]:
    """The first samples, each with its kept tokens and, for an edit, the result; with captions."""
    done = {record.id: record for record in records if record.benchmark == name and record.kept}
    pictures = []
    for sample in islice((sample for sample in benchmark.samples() if sample.id in done), PICTURES):
        record = done[sample.id]
        images = [overlay(sample.images[0].open(), record.kept[0])]
        if benchmark.task == "edit":
            images += [run.folder.load_image(str(record.prediction))]
        pictures.append((side_by_side(images), f"{sample.id}: {sample.prompt} → {record.prediction}"))
    return pictures
