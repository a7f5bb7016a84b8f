import pytest
import torch

from g2tr.config import build
from g2tr.errors import InputError
from g2tr.integrations.lmms_eval.arguments import configure, own_device
from g2tr.reducers.merge.drop import Drop


def test_arguments_are_overrides_of_an_evaluation() -> None:
    cfg = configure({"model": "bagel", "model.checkpoint": "/data/bagel", "reducer/merge": "drop", "keep_ratio": 0.25})
    reducer = build(cfg.reducer)
    assert cfg.model.checkpoint == "/data/bagel"
    assert (reducer.name, reducer.keep_ratio, type(reducer.merge)) == ("g2tr", 0.25, Drop)


@pytest.mark.parametrize("key", ["pretrained", "limit", "benchmark", "+trainer.devices"])
def test_an_argument_that_would_do_nothing_is_refused(key: str) -> None:
    with pytest.raises(InputError, match="model_args of g2tr are model, reducer, keep_ratio, seed, .*got "):
        configure({key: "1"})


def test_a_seed_is_a_whole_number() -> None:
    with pytest.raises(InputError, match="seed must be a whole number, got 0.5"):
        configure({"seed": 0.5})


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert [own_device(name) for name in (None, "auto", "cuda", "cuda:1", "cpu")] == [
        "cuda:3",
        "cuda:3",
        "cuda:3",
        "cuda:1",
        "cpu",
    ]


def test_without_a_gpu_the_choice_is_left_to_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert own_device(None) == "auto"
