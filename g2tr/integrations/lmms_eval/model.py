"""The model class that lmms-eval creates; imported only by it."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from lmms_eval.api.instance import GenerationResult, TokenCounts
from lmms_eval.api.model import lmms
from tqdm import tqdm

from g2tr.benchmarks.groups import sample_seed
from g2tr.benchmarks.sample import Sample
from g2tr.config import build, fingerprint, plain
from g2tr.errors import InputError
from g2tr.integrations.lmms_eval.arguments import MODES, TAKEN, configure, own_device
from g2tr.integrations.lmms_eval.request import Request
from g2tr.models.base import Model, Outcome
from g2tr.models.engine.trace import Trace
from g2tr.reducers.build import build_reducer
from g2tr.reducers.cascade import unnamed

log = logging.getLogger(__name__)


class G2TR(lmms):
    """Any model of g2tr with any reducer; requests about the same images are answered together.

    All requests are read and checked before the first is answered. `batch_size` has no effect. The input tokens
    that it reports are the rows that the language model read, on average over its layers.
    """

    def __init__(
        self,
        mode: str = "understanding",
        output_dir: str = "outputs/lmms_eval",
        device: str | None = None,
        batch_size: int | str = 1,
        max_batch_size: int | None = None,
        **overrides: object,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            raise InputError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        cfg = configure(overrides)
        if torch.distributed.is_initialized():
            self._rank, self._world_size = torch.distributed.get_rank(), torch.distributed.get_world_size()
        self.mode = mode
        self.seed = cfg.seed
        self.reducer = build_reducer(cfg.reducer)
        settings = plain(cfg) | {"reducer": unnamed(plain(cfg.reducer))}
        self.folder = Path(output_dir) / fingerprint({name: settings[name] for name in TAKEN})
        self.device = torch.device(own_device(device))
        self.model: Model | None = build(cfg.model, device=str(self.device))

    def generate_until(self, requests: Sequence[Any]) -> list[Any]:
        """Greedy answers, or with `mode=edit` the paths of edits, in the order of the requests."""
        asked = [Request.of(instance.args, self.task_dict) for instance in requests]
        if any(request.samples for request in asked):
            log.warning("g2tr decodes greedily; do_sample, temperature and num_beams of the task are passed over")
        groups: dict[str, list[int]] = {}
        for index, request in enumerate(asked):
            groups.setdefault(request.key(), []).append(index)
        results: dict[int, Any] = {}
        produce = self.edit if self.mode == "edit" else self.answer
        for members in tqdm(groups.values(), desc="Images", disable=self.rank != 0):
            produced = produce([asked[index] for index in members])
            results |= dict(zip(members, produced, strict=True))
        return [results[index] for index in range(len(asked))]

    def answer(self, group: Sequence[Request]) -> list[Any]:
        """Answers to requests that show the same images, which are prefilled once."""
        assert self.model is not None
        prompts = [request.prompt for request in group]
        outcomes = self.model.answers(group[0].images(), prompts, self.reducer, group[0].max_tokens)
        return [result(request.cut(answer.output), answer) for request, answer in zip(group, outcomes, strict=True)]

    def edit(self, group: Sequence[Request]) -> list[Any]:
        """Edits of the same images, each with a seed that follows from the run's seed, task and document."""
        return [self.edit_one(request) for request in group]

    def edit_one(self, request: Request) -> Any:  # noqa: ANN401 - lmms-eval has no types
        """One edit, stored; its path in the JSON that lmms-eval's editing tasks read."""
        assert self.model is not None
        seed = sample_seed(self.seed, Sample(request.place, (), request.prompt, None, ""))
        outcome = self.model.edit(request.images(), request.prompt, self.reducer, seed)
        path = self.folder / f"{request.place.replace('/', '_')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        outcome.output.save(path)
        return result(json.dumps({"text": "", "images": [str(path)]}), outcome)

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        raise NotImplementedError("g2tr generates; it has no loglikelihood: choose tasks of type generate_until")

    def generate_until_multi_round(self, requests: Sequence[Any]) -> list[str]:
        raise NotImplementedError("g2tr answers in one round: choose tasks of type generate_until")

    def clean(self) -> None:
        """Frees the memory of the model, which a judge on the same GPU may want."""
        self.model = None
        super().clean()


def result(text: str, outcome: Outcome[Any]) -> Any:  # noqa: ANN401 - lmms-eval has no types
    """A text with the number of input tokens that it took."""
    return GenerationResult(text, TokenCounts(input_tokens=input_tokens(outcome.trace)))


def input_tokens(trace: Trace) -> int:
    """Rows that the language model read, text included, on average over its layers."""
    layers = zip(*(block.rows for block in trace.blocks), strict=True)
    return round(fmean(sum(rows) for rows in layers))
