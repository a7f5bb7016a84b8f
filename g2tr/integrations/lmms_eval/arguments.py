"""What `--model_args` and `--device` of lmms-eval mean."""

import re
from collections.abc import Mapping

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from g2tr.config import conf_dir
from g2tr.errors import InputError

TAKEN = ("model", "reducer", "keep_ratio", "seed")
MODES = ("understanding", "edit")


def configure(overrides: Mapping[str, object]) -> DictConfig:
    """The configuration of an evaluation with these overrides. Raises `InputError` where one would do nothing."""
    for key in overrides:
        if re.split(r"[./@]", key.lstrip("+~"))[0] not in TAKEN:
            fields = f"{', '.join(TAKEN)}, their fields (model.checkpoint=FOLDER), mode and output_dir"
            raise InputError(f"model_args of g2tr are {fields}, got {key!r}")
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        cfg = compose("evaluate", [f"{key}={value}" for key, value in overrides.items()])
    if type(cfg.seed) is not int:
        raise InputError(f"seed must be a whole number, got {cfg.seed!r}")
    return cfg


def own_device(name: str | None) -> str:
    """The device of this process: under accelerate or torchrun each has a GPU of its own."""
    name = name or "auto"
    if name == "cuda" or (name == "auto" and torch.cuda.is_available()):
        return f"cuda:{torch.distributed.get_node_local_rank(fallback_rank=0)}"
    return name
