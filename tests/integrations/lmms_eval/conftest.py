"""lmms-eval, or its contract, and what its evaluator hands to a model."""

import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from PIL import Image

from tests.integrations.lmms_eval.contract import modules

Ask = Callable[..., Any]
GREEDY = {"max_new_tokens": 8, "temperature": 0, "until": ["\n\n"]}


@pytest.fixture(scope="session")
def lmms_eval() -> Iterator[None]:
    """The real package where it is installed, else stand-ins of its contract."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("lmms_eval") is None:
            for name, module in modules().items():
                patch.setitem(sys.modules, name, module)
        yield


@pytest.fixture(scope="session")
def plugin(lmms_eval: None) -> Any:
    """The class that lmms-eval creates."""
    return import_module("g2tr.integrations.lmms_eval.model").G2TR


@pytest.fixture(scope="session")
def ask(lmms_eval: None) -> Ask:
    """Puts documents, (visuals, text) each, into a model's data sets and returns the instances that ask about them."""
    instance = import_module("lmms_eval.api.instance").Instance

    def instances(lm: Any, documents: Sequence[tuple[Sequence[object] | None, str]], **settings: Any) -> list[Any]:
        lm.task_dict["scenes"] = {"test": documents}
        places = [(GREEDY | settings, lambda document: document[0], i, "scenes", "test") for i in range(len(documents))]
        facts = {"task": "scenes", "doc_id": 0, "repeats": 1}
        texts = [text for _, text in documents]
        return [instance("generate_until", (text, *place), 0, facts) for text, place in zip(texts, places, strict=True)]

    return instances


@pytest.fixture(scope="session")
def questions() -> list[tuple[Image.Image, str]]:
    """Two questions about each of two images of the embedded benchmark, by turns."""
    from g2tr.benchmarks.scenes import SceneQuestions

    samples = SceneQuestions(limit=40).samples()
    groups = [[sample for sample in samples if sample.group == group] for group in {s.group: 0 for s in samples}]
    return [(group[i].images[0].open(), group[i].prompt) for i in range(2) for group in groups[:2]]
