"""Annotations damaged in every way end in samples or in one line, never in a traceback."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from g2tr.benchmarks.editing import PublishedEdits
from g2tr.benchmarks.emu_edit import EmuEdit
from g2tr.benchmarks.gedit import GEditBench
from g2tr.benchmarks.imgedit import ImgEditBench
from g2tr.benchmarks.judge_questions import JudgedBenchmark
from g2tr.benchmarks.kris import KRISBench
from g2tr.benchmarks.magicbrush import MagicBrush
from g2tr.benchmarks.risebench import RISEBench
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError
from g2tr.judges.prompts import Prompts

WHOLE: dict[type[PublishedEdits], dict[str, Any]] = {
    RISEBench: {
        "index": "a",
        "category": "logical_reasoning",
        "instruction": "x",
        "image": "1.png",
        "reference_txt": "y",
    },
    KRISBench: {
        "category": "temporal_prediction",
        "image_id": 1,
        "ori_img": ["1-2.png"],
        "gt_img": "1-1.png",
        "ins_en": "x",
    },
    GEditBench: {
        "key": "a",
        "task_type": "color_alter",
        "instruction": "x",
        "instruction_language": "en",
        "input_image_raw": "1.png",
    },
    ImgEditBench: {"key": "1", "id": "a/1.png", "prompt": "x", "edit_type": "add"},
    MagicBrush: {
        "img_id": 3,
        "turn_index": 1,
        "source_img": "a.png",
        "target_img": {"path": "b.png"},
        "instruction": "x",
    },
    EmuEdit: {
        "idx": 0,
        "task": "add",
        "image": "a.png",
        "instruction": "x",
        "input_caption": "a",
        "output_caption": "b",
    },
}
NOTHING: list[Any] = [None, "", [], {}, float("nan"), False, [None], [[]], [{}], {"bytes": None, "path": None}]
WRONG: list[Any] = [-1, 1.5, True, 10**400, [1, 2], {"a": {"b": 1}}, {"bytes": "x"}, {"bytes": 5}, {"path": 5}]
HOSTILE: list[Any] = ["../x", "/etc/passwd", {"path": "../x"}, "a\0b", "x" * 5000, "\ud800", "a\nb", "{instruction}"]


@pytest.mark.parametrize("benchmark", WHOLE)
def test_damage_is_named_in_one_line_or_does_not_matter(benchmark: type[PublishedEdits], tmp_path: Path) -> None:
    chance, prompts, refused = random.Random(0), Prompts.of(), 0
    for trial in range(200):
        row = dict(WHOLE[benchmark])
        name = chance.choice([*row, "reference_img", "surplus"])
        row[name] = chance.choice(NOTHING + WRONG + HOSTILE)
        if chance.random() < 0.2:
            del row[name]
        file = tmp_path / f"{trial}.jsonl"
        file.write_text(json.dumps(row))
        try:
            use(benchmark(Dataset(str(file))), prompts)
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
    assert 0 < refused < 200


def use(benchmark: PublishedEdits, prompts: Prompts) -> None:
    """Everything that is done with a sample, but for the edit itself."""
    for sample in benchmark.samples():
        json.dumps([sample.facts, sample.prompt], ensure_ascii=False).encode()
        benchmark.layout(sample.facts)
        for inquiry in benchmark.inquiries(sample) if isinstance(benchmark, JudgedBenchmark) else []:
            prompts.fill(inquiry.name, inquiry.words)
        with pytest.raises(InputError, match="unreadable"):
            benchmark.grade(sample, Image.new("RGB", (16, 16)))
