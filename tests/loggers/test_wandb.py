"""W&B offline: nothing reaches for the network, nothing hangs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from g2tr.config import build
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.loggers.wandb import flat

wandb = pytest.importorskip("wandb")
Compose = Callable[..., DictConfig]


@pytest.mark.filterwarnings("ignore")
def test_a_run_is_logged_offline_with_tables_and_pictures(compose: Compose, tmp_path: Path) -> None:
    small = ("limit=1", "model.sampling.num_timesteps=2", f"outputs={tmp_path}", "logger=wandb")
    cfg = compose(*small)
    with build(cfg.logger).opened(cfg) as log:
        log(evaluate(cfg)[-1])
    media = {path.parent.name for path in (tmp_path / "wandb").rglob("media/**/*.*")}
    assert list((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert {"scenes_questions", "scenes_edits", "table"} <= media
    assert wandb.run is None


@pytest.mark.filterwarnings("ignore")
def test_a_failing_job_closes_its_run(compose: Compose, tmp_path: Path) -> None:
    cfg = compose(f"outputs={tmp_path}", "logger=wandb")
    with pytest.raises(InputError, match="no luck"), build(cfg.logger).opened(cfg):
        raise InputError("no luck")
    assert wandb.run is None


def test_nested_metrics_become_numbers_with_paths() -> None:
    assert flat({"a": {"b": 1, "c": {"d": 2.5}}, "e": "text", "f": True}) == {"a/b": 1, "a/c/d": 2.5}
