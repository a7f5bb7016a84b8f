import json
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from PIL import Image

from g2tr.errors import InputError, OutputError
from g2tr.record import Record
from g2tr.run import RunFolder


def record(name: str, prediction: str = "yes") -> Record:
    return Record(name, "scenes", "exist", "is there a red star ?", prediction, "yes", seed=1)


def folder_of(path: Path) -> RunFolder:
    folder = RunFolder(path / "run")
    folder.prepare({"seed": 0}, fresh=False)
    return folder


def test_records_survive_the_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.append("rank0", [record("a"), record("ü", "ja\nund\u2028nein")])
    folder.append("rank1", [record("b")])
    assert folder.records() == {r.key: r for r in (record("a"), record("ü", "ja\nund\u2028nein"), record("b"))}


def test_a_line_that_a_kill_cut_off_costs_that_line_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.append("rank0", [record("a"), record("b")])
    file = folder.path / "predictions.rank0.jsonl"
    file.write_text(file.read_text()[:-20])
    assert list(folder.records()) == [("scenes", "a")]
    folder.append("rank0", [record("b"), record("c")])
    assert [key[1] for key in folder.records()] == ["a", "b", "c"]


def test_a_finished_run_has_one_file_of_predictions_and_its_metrics(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.append("rank0", [record("a")])
    assert folder.metrics() is None
    folder.finish([record("a")], {"n": 1})
    assert folder.metrics() == {"n": 1}
    assert [p.name for p in folder.path.glob("predictions*")] == ["predictions.jsonl"]


def test_predictions_hold_no_times_which_have_a_file_of_their_own(tmp_path: Path) -> None:
    slow, quick = folder_of(tmp_path / "a"), folder_of(tmp_path / "b")
    for folder, seconds in ((slow, 9.0), (quick, 0.1)):
        folder.finish([replace(record("a"), seconds={"prefill": seconds})], {})
    assert (slow.path / "predictions.jsonl").read_bytes() == (quick.path / "predictions.jsonl").read_bytes()
    assert json.loads((slow.path / "seconds.jsonl").read_text()) == {"benchmark": "scenes", "id": "a", "prefill": 9.0}


def test_a_full_disk_is_said_in_one_line_and_costs_nothing_that_was_written(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.append("rank0", [record("a")])
    (folder.path / "predictions.rank1.jsonl").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left on device; what was predicted before is kept"):
        folder.append("rank1", [record("b")])
    assert list(folder.records()) == [("scenes", "a")]


def test_a_second_process_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with folder.locked("rank0", wait=False):
        with pytest.raises(InputError, match="in the hands of another process"), folder.locked("rank0", wait=False):
            pass
        with folder.locked("2of3.rank0", wait=False):
            pass
    with folder.locked("rank0", wait=False):
        pass


def test_a_shared_run_is_waited_for(tmp_path: Path) -> None:
    folder, order = folder_of(tmp_path), []

    def second() -> None:
        with folder.locked("rank0", wait=True):
            order.append("second")

    with folder.locked("rank0", wait=False):
        (thread := Thread(target=second)).start()
        sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_fresh_start_forgets_what_was_there(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.append("rank0", [record("a")])
    folder.finish([record("a")], {"n": 1})
    folder.prepare({"seed": 0}, fresh=True)
    assert folder.records() == {}
    assert folder.metrics() is None


def test_images_come_back_as_they_were_stored(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    place = folder.save_image("edit/1", Image.new("RGB", (4, 2), (1, 2, 3)))
    assert place == "images/edit_1.png"
    assert folder.load_image(place).getpixel((3, 1)) == (1, 2, 3)


def test_what_is_logged_lands_in_the_folder(tmp_path: Path) -> None:
    import logging

    folder = folder_of(tmp_path)
    with folder.logged():
        logging.getLogger("g2tr.somewhere").info("found %d", 3)
    logging.getLogger("g2tr.somewhere").warning("too late")
    assert (folder.path / "run.log").read_text().endswith("found 3\n")
