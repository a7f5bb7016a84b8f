import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from omegaconf import DictConfig
from PIL import Image

from g2tr.benchmarks.judge_questions import JudgedBenchmark
from g2tr.benchmarks.own_edits import OwnEdits
from g2tr.config import build
from g2tr.evaluation.fingerprints import of_pictures, of_samples
from g2tr.judges.prompts import Prompts


def picture(shade: int, half: int | None = None) -> Image.Image:
    """Grey, its left half in another shade."""
    image = Image.new("RGB", (16, 16), (shade,) * 3)
    image.paste((shade if half is None else half,) * 3, (0, 0, 8, 16))
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def imagefolder(tmp_path: Path) -> OwnEdits:
    """Two edits of one picture, the second without target and mask."""
    for name, image in {"in": picture(0), "out": picture(0, 255), "mask": picture(0, 255)}.items():
        image.save(tmp_path / f"{name}.png")
    whole = {"file_name": "in.png", "target_file_name": "out.png", "mask_file_name": "mask.png", "category": "colour"}
    rows = [{**whole, "instruction": "Whiten the left."}, {"file_name": "in.png", "instruction": "Do something."}]
    (tmp_path / "metadata.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return OwnEdits(str(tmp_path))


def test_a_set_of_edits_as_on_the_hub_runs_without_a_line_of_code(tmp_path: Path) -> None:
    """Parquet with {bytes, path} under the names of InstructPix2Pix."""
    columns = {
        "original_image": [{"bytes": png(picture(0)), "path": "1.png"}],
        "edit_prompt": ["Whiten it."],
        "edited_image": [{"bytes": png(picture(255)), "path": "2.png"}],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "train-00000-of-00001.parquet")
    benchmark = OwnEdits(str(tmp_path))
    (sample,) = benchmark.samples()
    assert (sample.id, sample.prompt) == ("00000", "Whiten it.")
    grades = benchmark.grade(sample, picture(255))
    assert grades["psnr"] == 100 and grades["input_l1"] == 1


def test_an_imagefolder_is_graded_to_target_input_and_by_its_mask(imagefolder: OwnEdits) -> None:
    whole, bare = imagefolder.samples()
    grades = imagefolder.grade(whole, picture(0, 255))
    assert grades["psnr"] == grades["inside_psnr"] == grades["outside_psnr"] == 100
    assert grades["input_l1"] == 0.5
    smeared = imagefolder.grade(whole, picture(51, 255))
    assert smeared["outside_l1"] == pytest.approx(0.2) and smeared["inside_l1"] == 0
    assert set(imagefolder.grade(bare, picture(0))) == {"input_l1", "input_l2", "input_psnr", "input_ssim"}
    scores = imagefolder.summarise([(s, imagefolder.grade(s, picture(0, 255))) for s in (whole, bare)])
    assert scores["outside_psnr"] == 100 and "input_psnr/colour" in scores


def test_another_mask_makes_another_prediction_of_the_run(imagefolder: OwnEdits, tmp_path: Path) -> None:
    (before, _), named = imagefolder.samples(), of_samples(imagefolder.samples())
    seen = of_pictures(before)
    picture(255, 0).save(tmp_path / "mask.png")
    assert of_pictures(before) != seen and of_samples(imagefolder.samples()) == named


def test_a_judge_gives_viescore_with_prompts_that_exist(imagefolder: OwnEdits) -> None:
    assert isinstance(imagefolder, JudgedBenchmark)
    whole, bare = imagefolder.samples()
    for inquiry in imagefolder.inquiries(whole):
        assert Prompts.of().fill(inquiry.name, inquiry.words)
        assert len(inquiry.pictures(whole, picture(0))) == len(inquiry.shows)
    scores = {"success": 9.0, "overediting": 4.0, "naturalness": 9.0, "artifacts": 10.0}
    assert imagefolder.conclude([(whole, scores), (bare, {**scores, "overediting": 9.0})]) == pytest.approx(
        {"semantics": 6.5, "quality": 9.0, "overall": 7.5, "overall/colour": 6.0}
    )


def test_edits_are_exported_under_their_ids(imagefolder: OwnEdits) -> None:
    assert [imagefolder.layout(sample.facts) for sample in imagefolder.samples()] == ["00000.png", "00001.png"]


def test_columns_are_mapped_from_the_command_line(compose: Callable[..., DictConfig], imagefolder: OwnEdits) -> None:
    overrides = (f"benchmark.edits.path={imagefolder.path}", "benchmark.edits.columns.instruction=file_name")
    benchmark = build(compose("benchmark=edits", "limit=1", *overrides).benchmark.edits)
    assert benchmark.samples()[0].prompt == "in.png"
