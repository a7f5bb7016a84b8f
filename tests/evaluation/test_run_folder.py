import json
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from omegaconf import OmegaConf
from PIL import Image

from g2tr.errors import InputError, OutputError
from g2tr.evaluation.record import Record, to_line
from g2tr.evaluation.run_folder import RunFolder


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


def test_a_shard_that_starts_afresh_leaves_the_others_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.append("1of2.rank0", [record("a")])
    folder.append("2of2.rank0", [record("b")])
    folder.prepare({}, fresh=True, parts="2of2.*")
    assert list(folder.records()) == [("scenes", "a")]


def test_metrics_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.metrics_file.write_text('{"n": 1')
    with pytest.raises(InputError, match="metrics.json is not readable; remove it"):
        folder.metrics()


def test_a_part_overrules_merged_predictions_so_that_times_are_not_lost(tmp_path: Path) -> None:
    folder, timed = folder_of(tmp_path), replace(record("a"), seconds={"prefill": 1.0})
    folder.append("1of2.rank0", [timed])
    (folder.path / "predictions.jsonl").write_text(to_line(record("a")))
    assert list(folder.records().values()) == [timed]


@pytest.mark.parametrize("names", [("x/1", "x_1"), ("a" * 300, "a" * 301), ("n\0l", "n_l"), ("../../up", ".._.._up")])
def test_images_of_odd_names_stay_in_the_folder_and_apart(names: tuple[str, str], tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    red, blue = (Image.new("RGB", (2, 2), colour) for colour in ("red", "blue"))
    places = [folder.save_image(names[0], red), folder.save_image(names[1], blue)]
    assert [folder.load_image(place).getpixel((0, 0)) for place in places] == [(255, 0, 0), (0, 0, 255)]
    assert len(list((folder.path / "images").iterdir())) == 2


def test_an_image_beyond_the_folder_is_not_opened(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    Image.new("RGB", (2, 2)).save(tmp_path / "private.png")
    for place in ("../private.png", str(tmp_path / "private.png")):
        with pytest.raises(InputError, match="leaves the run folder"):
            folder.load_image(place)


def test_an_edit_whose_image_is_gone_is_not_held(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    place = folder.save_image("edit", Image.new("RGB", (2, 2)))
    assert (
        folder.holds(record("a", place))
        and folder.holds(record("a"))
        and not folder.holds(record("a", "images/no.png"))
    )


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
    assert place.startswith("images/edit_1-") and place.endswith(".png")
    assert folder.load_image(place).getpixel((3, 1)) == (1, 2, 3)


def test_what_is_logged_lands_in_the_folder(tmp_path: Path) -> None:
    import logging

    folder = folder_of(tmp_path)
    with folder.logged():
        logging.getLogger("g2tr.somewhere").info("found %d", 3)
    logging.getLogger("g2tr.somewhere").warning("too late")
    assert (folder.path / "run.log").read_text().endswith(" INFO g2tr.somewhere: found 3\n")


def test_lines_that_were_written_whole_follow_one_another_without_a_gap(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for name in "abc":
        folder.append("rank0", [record(name)])
    lines = (folder.path / "predictions.rank0.jsonl").read_text().split("\n")
    assert [bool(line) for line in lines] == [True, True, True, False]


def test_the_settings_lie_in_the_folder_with_what_they_refer_to(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert OmegaConf.load(folder.path / "config.yaml") == {"seed": 0}
    folder.prepare(OmegaConf.create({"seed": 3, "again": "${seed}"}), fresh=False)
    assert (folder.path / "config.yaml").read_text() == "seed: 3\nagain: 3\n"
