from pathlib import Path

from g2tr.record import Record, lasting, read_records, to_line


def record(name: str) -> Record:
    return Record(name, "scenes", "exist", "is there a red star ?", "yes", "yes", seed=1, seconds={"prefill": 0.5})


def test_lines_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"unknown": 1}\n[]\nnull\n' + to_line(record("a")))
    assert read_records(tmp_path / "p.jsonl") == [record("a")]


def test_what_lasts_of_a_record_is_all_but_its_times() -> None:
    assert to_line(lasting(record("a"))) == to_line(record("a")).replace('{"prefill": 0.5}', "{}")
