import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from PIL import Image

from g2tr.benchmarks.groups import sample_seed
from g2tr.benchmarks.sample import Sample
from g2tr.config import build
from g2tr.errors import InputError
from g2tr.models.base import Outcome
from g2tr.reducers.cascade import ReductionPlan

Ask = Callable[..., Any]
Questions = list[tuple[Image.Image, str]]


@dataclass
class Counting:
    """A model that notes how many prompts came with each prefill."""

    model: Any
    prompts: list[int] = field(default_factory=list)

    def answers(
        self, images: Sequence[Image.Image], prompts: Sequence[str], reducer: ReductionPlan, max_tokens: int
    ) -> list[Outcome[str]]:
        self.prompts.append(len(prompts))
        outcomes: list[Outcome[str]] = self.model.answers(images, prompts, reducer, max_tokens)
        return outcomes


@pytest.fixture
def lm(plugin: Any, device: torch.device, bagel_tiny: Any) -> Any:
    """A reduced model as lmms-eval creates it, with the model of the other tests in it."""
    created = plugin(device=str(device), batch_size=1, model="bagel_tiny", reducer="random", keep_ratio=0.5)
    created.model = Counting(bagel_tiny)
    return created


def documents(questions: Questions) -> list[tuple[list[Image.Image], str]]:
    return [([image.copy()], f"<image>\n{text}") for image, text in questions]


def test_answers_are_those_of_the_model_in_the_order_of_the_requests(
    lm: Any, ask: Ask, questions: Questions, bagel_tiny: Any, compose: Callable[..., DictConfig]
) -> None:
    reducer = build(compose("reducer=random", "keep_ratio=0.5").reducer)
    expected = [""] * len(questions)
    for first in (0, 1):
        prompts = [text for _, text in questions[first::2]]
        outcomes = bagel_tiny.answers([questions[first][0]], prompts, reducer, 8)
        expected[first::2] = [outcome.output for outcome in outcomes]
    answers = [result.text for result in lm.generate_until(ask(lm, documents(questions)))]
    assert answers == expected
    assert len(set(answers)) > 1


def test_an_image_is_prefilled_once_for_all_its_questions(lm: Any, ask: Ask, questions: Questions) -> None:
    lm.generate_until(ask(lm, documents(questions)))
    assert lm.model.prompts == [2, 2]


def test_reported_input_tokens_shrink_with_the_keep_ratio(
    plugin: Any, lm: Any, ask: Ask, questions: Questions, device: torch.device
) -> None:
    full = plugin(device=str(device), model="bagel_tiny", reducer="none")
    asked = documents(questions[:1])
    (more,), (fewer,) = full.generate_until(ask(full, asked)), lm.generate_until(ask(lm, asked))
    assert more.token_counts.input_tokens - fewer.token_counts.input_tokens == 128


def test_an_answer_ends_before_the_strings_of_until(lm: Any, ask: Ask, questions: Questions) -> None:
    (whole,) = lm.generate_until(ask(lm, documents(questions[:1])))
    (cut,) = lm.generate_until(ask(lm, documents(questions[:1]), until=whole.text[1]))
    assert len(whole.text) > 1
    assert cut.text == whole.text[0]


def test_a_task_that_wants_sampling_is_told_once_that_decoding_is_greedy(
    lm: Any, ask: Ask, questions: Questions, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        lm.generate_until(ask(lm, documents(questions), temperature=0.7, do_sample=True))
    assert [record.message for record in caplog.records if "greedily" in record.message] == [
        "g2tr decodes greedily; do_sample, temperature and num_beams of the task are passed over"
    ]


def test_every_request_is_checked_before_the_first_is_answered(lm: Any, ask: Ask, questions: Questions) -> None:
    asked = [*documents(questions), (["clip.mp4"], "what happens ?")]
    with pytest.raises(InputError, match="scenes-4: g2tr reads images .* got a str"):
        lm.generate_until(ask(lm, asked))
    assert lm.model.prompts == []


def test_an_edit_is_that_of_the_model_and_comes_as_json_with_its_path(
    plugin: Any, ask: Ask, scene: Image.Image, device: torch.device, tmp_path: Path
) -> None:
    quick = {"model.sampling.num_timesteps": 2, "model": "bagel_tiny", "seed": 3}
    lm = plugin(mode="edit", output_dir=str(tmp_path), device=str(device), **quick)
    (result,) = lm.generate_until(ask(lm, [([scene], "remove the red star")]))
    answer = json.loads(result.text)
    seed = sample_seed(3, Sample("scenes-0", (), "", None, ""))
    expected = lm.model.edit([scene], "remove the red star", lm.reducer, seed).output
    assert answer == {"text": "", "images": [str(lm.folder / "scenes-0.png")]}
    assert lm.folder.parent == tmp_path
    assert np.array_equal(np.array(Image.open(answer["images"][0])), np.array(expected))


def test_edits_of_two_reducers_lie_in_two_folders(plugin: Any, device: torch.device) -> None:
    folders = {plugin(device=str(device), model="bagel_tiny", keep_ratio=ratio).folder for ratio in (0.25, 0.5)}
    assert len(folders) == 2


@pytest.mark.parametrize("method", ["loglikelihood", "generate_until_multi_round"])
def test_what_a_generative_model_cannot_do_is_refused_with_what_it_can(lm: Any, method: str) -> None:
    with pytest.raises(NotImplementedError, match="choose tasks of type generate_until"):
        getattr(lm, method)([])


def test_an_unknown_mode_is_refused(plugin: Any) -> None:
    with pytest.raises(InputError, match="mode must be one of understanding, edit, got 'draw'"):
        plugin(mode="draw", model="bagel_tiny")


def test_the_model_is_let_go_when_lmms_eval_wants_its_memory(lm: Any) -> None:
    lm.clean()
    assert lm.model is None
