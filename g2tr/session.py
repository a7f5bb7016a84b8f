"""One job from the command line: checks, evaluation, loggers, table."""

import logging
import os

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from g2tr.config import build
from g2tr.errors import InputError
from g2tr.evaluate import Run, evaluate
from g2tr.report.logger import Files, RunLogger
from g2tr.report.table import print_comparison


def session(cfg: DictConfig) -> list[Run]:
    """Evaluates and reports; in a sweep the table comes at its end."""
    in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    refuse_nested_processes(cfg, in_sweep)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logger: RunLogger = build(cfg.logger) if cfg.shard is None else Files()
    with logger.opened(cfg) as log:
        runs = evaluate(cfg)
        if runs:
            log(runs[-1])
    if runs and not in_sweep:
        print_comparison(runs)
    elif cfg.shard is not None:
        print(f"Shard {cfg.shard} is done. When all are: g2tr merge {cfg.outputs}")
    return runs


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
