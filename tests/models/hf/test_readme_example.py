"""The README's lines about transformers, on tiny models of three families."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from g2tr.reducers.importance.latent_contrast import LatentContrast
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK
from tests.models.hf.families import FAMILIES, seeded
from tests.models.hf.test_reduce import tiny_vae

(LINES,) = re.findall(r"```py\n(.*?)```", (Path(__file__).parents[3] / "README.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", ["qwen2_5_vl", "llava", "janus"])
def test_the_lines_of_the_readme_answer_from_half_the_tokens(name: str, tmp_path: Path) -> None:
    tiny_vae().save_pretrained(tmp_path)
    inputs = FAMILIES[name].inputs(1)

    class Processor:
        image_mean, image_std = [0.5] * 3, [0.5] * 3

        def __call__(self, **_: Any) -> dict[str, torch.Tensor]:
            return dict(inputs)

    names: dict[str, Any] = {
        "processor": Processor(),
        "image": None,
        "prompt": "",
        "model": seeded(FAMILIES[name].model),
        "reducer": Reducer(LatentContrast(), TopK(), Drop(), keep_ratio=0.5, min_keep=1),
    }
    lines = LINES.replace("madebyollin/taef1", str(tmp_path)).replace("=64", "=4")
    exec(compile(lines, "README.md", "exec"), names)
    images = int((inputs["input_ids"] == 7).sum())
    assert names["answer"].shape[1] <= inputs["input_ids"].shape[1] - images // 2 + 4
