"""What of a configuration decides the results of a run, and the name that it gives to its folder."""

from typing import Any

from omegaconf import DictConfig

from g2tr import __version__
from g2tr.config import plain
from g2tr.reducers.cascade import unnamed


def run_config(cfg: DictConfig, node: DictConfig) -> dict[str, Any]:
    """The part of the configuration that decides the results of a run with the reducer of `node`."""
    settings = {"model": plain(cfg.model), "benchmark": plain(cfg.benchmark), "reducer": unnamed(plain(node))}
    return {"g2tr": __version__, "seed": cfg.seed} | settings


def run_name(cfg: DictConfig, node: DictConfig, run_id: str) -> str:
    """The name of a run folder: what it is at a glance, and the id that finds it again."""
    benchmarks = "+".join(map(str, cfg.benchmark))
    return f"{cfg.model.name}-{benchmarks}-{node.name}-{node.keep_ratio}-{run_id}"
