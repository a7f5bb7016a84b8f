"""One model in memory, however many jobs a sweep has."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from g2tr.evaluation.evaluate import evaluate
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.kept import KeptModel

LOADED: "list[weakref.ref[Bagel]]" = []


def load_noted(**settings: Any) -> Bagel:
    """The embedded model; a weak reference tells whether it still lives."""
    LOADED.append(weakref.ref(model := load_bagel(**settings)))
    return model


def alive() -> int:
    return sum(reference() is not None for reference in LOADED)


def test_exactly_one_model_lives_after_three_jobs_of_a_sweep(
    compose: Callable[..., DictConfig], tmp_path: Path
) -> None:
    LOADED.clear()
    kept, names = KeptModel(), ("bagel_tiny", "bagel_tiny", "another")
    gc.disable()
    try:
        for seed, name in enumerate(names):
            job = ("benchmark=scenes_questions", "limit=1", "reducer=random", f"seed={seed}", f"model.name={name}")
            cfg = compose(*job, f"model._target_={__name__}.load_noted", f"outputs={tmp_path}")
            evaluate(cfg, kept)
            assert alive() == 1
    finally:
        gc.enable()
    assert len(LOADED) == 2


def test_other_weights_at_the_same_place_are_another_model() -> None:
    node = OmegaConf.create({"_target_": "builtins.dict"})
    kept = KeptModel()
    first = kept.load(node, "a", "cpu")
    assert kept.load(node, "a", "cpu") is first
    assert kept.load(node, "b", "cpu") is not first
