from pathlib import Path

from g2tr.evaluation.record import Record, read_records, read_seconds, to_line, to_seconds, without_timing


def record(name: str) -> Record:
    return Record(name, "scenes", "exist", "is there a red star ?", "yes", "yes", seed=1, seconds={"prefill": 0.5})


def test_lines_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"unknown": 1}\n[]\nnull\n' + to_line(record("a")))
    assert read_records(tmp_path / "p.jsonl") == [record("a")]


def test_what_lasts_of_a_record_is_all_but_its_times() -> None:
    assert to_line(without_timing(record("a"))) == to_line(record("a")).replace('{"prefill": 0.5}', "{}")


def test_times_come_back_by_benchmark_and_id_and_what_is_no_time_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "seconds.jsonl"
    assert read_seconds(file) == {}
    file.write_text(to_seconds(record("a")) + '[]\n{"id": 1}\n{"benchmark": "x", "id": "b", "prefill": "?"}\n{"cut o')
    assert read_seconds(file) == {("scenes", "a"): {"prefill": 0.5}}


def test_a_file_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "p.jsonl") == []
