from pathlib import Path

import pytest

from g2tr.errors import InputError
from g2tr.judges.prompts import Prompts


def test_placeholders_are_filled_and_json_stays() -> None:
    prompts = Prompts({"a.b": 'Was "{instruction}" done ? {"score": 1} {unknown}'})
    assert prompts.fill("a.b", {"instruction": "add a cat"}) == 'Was "add a cat" done ? {"score": 1} {unknown}'


def test_what_is_filled_in_is_not_read_again() -> None:
    prompts = Prompts({"a.b": "{instruction} / {reference}"})
    filled = prompts.fill("a.b", {"instruction": r"{reference} \1 {instruction.__class__}", "reference": "secret"})
    assert filled == r"{reference} \1 {instruction.__class__} / secret"


def test_a_file_replaces_the_prompts_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "official.yaml"
    file.write_text("kris:\n  quality: 'Their words: ${oc.env:HOME}'\n")
    ours, theirs = Prompts.of(), Prompts.of(str(file))
    assert theirs.fill("kris.quality", {}) == "Their words: ${oc.env:HOME}"
    assert theirs.hash("kris.quality") != ours.hash("kris.quality")
    assert theirs.hash("kris.instruction") == ours.hash("kris.instruction")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kris:\n  qualty: x", "no inquiry is named kris.qualty"),
        ("kris:\n  quality: 3", "must be written as"),
        ("kris: text", "must be written as"),
        ("- a", "must be written as"),
        ("", "must be written as"),
        ("a: [", "no readable YAML"),
        ("a: !!python/object/apply:os.system ['true']", "no readable YAML"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        Prompts.of(str(tmp_path / "p.yaml"))
    assert "\n" not in str(refused.value)


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="no such file"):
        Prompts.of(str(tmp_path / "none.yaml"))
    with pytest.raises(InputError, match="no readable YAML"):
        Prompts.of(str(tmp_path / "p.yaml"))


def test_every_prompt_of_ours_says_which_scores_it_wants() -> None:
    prompts = {name: text for name, text in Prompts.of().texts.items() if ".label_" not in name}
    assert all('Answer with JSON alone: {"reason"' in text for text in prompts.values())
