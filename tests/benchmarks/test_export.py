from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from g2tr.benchmarks.editing import PublishedEdits
from g2tr.benchmarks.gedit import GEditBench
from g2tr.benchmarks.imgedit import ImgEditBench
from g2tr.benchmarks.kris import KRISBench
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError, OutputError
from g2tr.evaluation.export import export_layout
from g2tr.evaluation.record import Record, to_line
from g2tr.evaluation.run_folder import RunFolder


def note(run: RunFolder, record: Record) -> None:
    with (run.path / "predictions.jsonl").open("a", encoding="utf-8") as file:
        file.write(to_line(record))


def run_of(path: Path, benchmark: PublishedEdits, **changes: Any) -> RunFolder:
    """A run whose every edit is a green picture, but for the last, which failed."""
    folder = RunFolder(path / "run")
    folder.prepare({}, fresh=False)
    *done, failed = benchmark.samples()
    for sample in done:
        place = folder.save_image(f"b-{sample.id}", Image.new("RGB", (8, 8), "green"))
        facts = {**sample.facts, **changes}
        note(folder, Record(sample.id, "b", sample.category, sample.prompt, place, None, 0, facts=facts))
    note(folder, Record(failed.id, "b", failed.category, failed.prompt, None, None, 0, "out of memory"))
    return folder


def files(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


def test_edits_stand_in_the_official_layout_without_those_that_failed(tiny: dict[str, Dataset], tmp_path: Path) -> None:
    benchmark = KRISBench(tiny["kris"])
    written = export_layout(run_of(tmp_path, benchmark), "b", benchmark, tmp_path / "out")
    assert files(tmp_path / "out") == {"biology/2.jpg", "color_change/1.jpg", "temporal_prediction/7.jpg"}
    with Image.open(written[0]) as image:
        assert (image.format, image.size) == ("JPEG", (8, 8))


def test_inputs_are_written_where_the_scripts_read_them(tiny: dict[str, Dataset], tmp_path: Path) -> None:
    benchmark = GEditBench(tiny["gedit"])
    export_layout(run_of(tmp_path, benchmark), "b", benchmark, tmp_path / "out")
    folder = "fullset/color_alter/en"
    assert files(tmp_path / "out") == {f"{folder}/a1.png", f"{folder}/a1_SRCIMG.png"}
    with Image.open(tmp_path / "out" / folder / "a1_SRCIMG.png") as image:
        assert image.size == (64, 48)


def test_exporting_twice_is_exporting_once_and_other_benchmarks_stay_out(
    tiny: dict[str, Dataset], tmp_path: Path
) -> None:
    benchmark = ImgEditBench(tiny["imgedit"])
    folder = run_of(tmp_path, benchmark)
    for _ in range(2):
        export_layout(folder, "b", benchmark, tmp_path / "out")
    assert files(tmp_path / "out") == {"1082.png", "1068.png"}
    assert export_layout(folder, "other", benchmark, tmp_path / "out") == []


@pytest.mark.parametrize("key", ["../evil", "/evil", "a/../../evil"])
def test_a_layout_cannot_leave_its_folder(tiny: dict[str, Dataset], tmp_path: Path, key: str) -> None:
    benchmark = ImgEditBench(tiny["imgedit"])
    with pytest.raises(InputError, match="leaves the folder"):
        export_layout(run_of(tmp_path, benchmark, key=key), "b", benchmark, tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_named(tiny: dict[str, Dataset], tmp_path: Path) -> None:
    benchmark = ImgEditBench(tiny["imgedit"])
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="cannot write"):
        export_layout(run_of(tmp_path, benchmark), "b", benchmark, tmp_path / "out")
