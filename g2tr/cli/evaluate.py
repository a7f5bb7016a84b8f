"""One job from the command line: checks, evaluation, loggers, table."""

import logging
import os
from collections.abc import Sequence

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from g2tr.config import build
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.run_folder import Run
from g2tr.loggers.base import Files, RunLogger
from g2tr.models.kept import KeptModel
from g2tr.report.tables.table import print_comparison


def session(cfg: DictConfig, kept: KeptModel) -> list[Run]:
    """Evaluates and reports; in a sweep the table comes at its end."""
    in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    refuse_nested_processes(cfg, in_sweep)
    refuse_idle_settings(cfg, HydraConfig.get().overrides.task)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logger: RunLogger = build(cfg.logger) if cfg.shard is None else Files()
    with logger.opened(cfg) as log:
        runs = evaluate(cfg, kept)
        if runs:
            log(runs[-1])
    if runs and not in_sweep:
        print_comparison(runs)
    elif cfg.shard is not None:
        print(f"Shard {cfg.shard} is done. When all are: g2tr merge {cfg.outputs}")
    return runs


def refuse_idle_settings(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Raises `InputError` for a keep ratio that would have no effect, or that a table would not show."""
    given = {override.partition("=")[0].lstrip("+"): override for override in overrides}
    name, keep = cfg.reducer.name, cfg.reducer.keep_ratio
    follows = "${keep_ratio}" in str(OmegaConf.to_container(cfg.reducer, resolve=False))
    if "keep_ratio" in given and keep != 1 and keep != cfg.keep_ratio and not follows:
        raise InputError(
            f"keep_ratio={cfg.keep_ratio} has no effect: reducer={name} is set to {keep:g}, whatever keep_ratio says; "
            "leave keep_ratio out, or set reducer.keep_ratio and that of every step"
        )
    steps = [text for key, text in given.items() if key.startswith("reducer.steps") and "keep_ratio" in text]
    if steps and "reducer.keep_ratio" not in given:
        raise InputError(
            f"{steps[0]} changes what is kept, yet {name} would be listed at {keep:g}; say reducer.keep_ratio=… as well"
        )


def refuse_nested_processes(cfg: DictConfig, in_sweep: bool) -> None:
    """Raises `InputError` for a sweep whose jobs would start processes of their own in one process tree.

    Such processes would run the whole sweep again, each in a folder of its own. Under SLURM or torchrun
    the processes exist already, and a sweep is safe.
    """
    devices = cfg.trainer.get("devices", 1)
    external = "SLURM_NTASKS" in os.environ or "TORCHELASTIC_RUN_ID" in os.environ
    if in_sweep and devices != 1 and not external:
        raise InputError(
            f"a sweep (-m) with trainer.devices={devices} would start every job once per process; "
            "sweep with one device per job (trainer=cpu or trainer=gpu, hydra/launcher=submitit_slurm), "
            "or run one configuration with trainer=ddp"
        )
