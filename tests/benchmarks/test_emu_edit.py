from dataclasses import replace

import pytest

from g2tr.benchmarks.emu_edit import EmuEdit
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.metrics.captions import ClipCaptions


def test_tasks_are_categories_and_captions_are_kept(tiny: dict[str, Dataset]) -> None:
    benchmark = EmuEdit(tiny["emu_edit"])
    first, second = benchmark.samples()
    assert (first.id, first.category, second.category, first.target) == ("0", "color", "add", None)
    assert first.facts["output_caption"] == "a blue square"
    assert benchmark.layout(second.facts) == "1.png"


def test_changing_nothing_is_no_distance_to_the_input(tiny: dict[str, Dataset]) -> None:
    benchmark = EmuEdit(tiny["emu_edit"])
    sample = benchmark.samples()[0]
    assert benchmark.grade(sample, sample.images[0].open())["input_l1"] == 0.0


def test_captions_are_graded_where_clip_is_given_and_both_are_there(
    tiny: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClipCaptions, "__call__", lambda self, source, result, before, after: {"clip_out:x": 0.5})
    benchmark = EmuEdit(tiny["emu_edit"], captions=ClipCaptions())
    sample = benchmark.samples()[0]
    assert benchmark.grade(sample, sample.images[0].open())["clip_out:x"] == 0.5
    silent = replace(sample, facts={**sample.facts, "output_caption": ""})
    assert "clip_out:x" not in benchmark.grade(silent, sample.images[0].open())
