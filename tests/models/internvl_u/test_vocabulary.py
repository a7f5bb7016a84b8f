from pathlib import Path
from typing import Any

import pytest

from g2tr.models.checkpoints.tokenizer import read_tokenizer
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.network import SPECIAL_TOKENS
from g2tr.models.internvl_u.vocabulary import find_markers
from tests.models.bagel.published import rewrite_json
from tests.models.internvl_u.refusal import refusal


def test_ids_come_from_the_tokenizer(recorded: InternVLU) -> None:
    markers = recorded.parts.markers
    assert (markers.image_start, markers.image_end, markers.ends) == (164, 163, frozenset({181, 164}))
    assert markers.special == tuple(range(160, 170))


def test_the_end_of_a_turn_ends_an_answer_whatever_the_tokenizer_calls_its_end(folder: Path) -> None:
    rewrite_json(folder / "processor" / "tokenizer_config.json", lambda c: c.update(eos_token="<|endoftext|>"))
    tokenizer = read_tokenizer(folder / "processor")
    assert find_markers(tokenizer, 200, folder).ends == {tokenizer.eos_token_id, 181, 164}
    assert tokenizer.eos_token_id != 181


@pytest.mark.parametrize("marker", [*SPECIAL_TOKENS, "<|im_start|>"])
def test_a_tokenizer_without_a_marker_is_refused(marker: str, folder: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] != marker]
        del content["model"]["vocab"][marker]

    rewrite_json(folder / "processor" / "tokenizer.json", change)
    assert refusal(folder) == f"the tokenizer in {folder / 'processor'} lacks {marker}"


def test_a_tokenizer_that_names_no_end_is_refused(folder: Path) -> None:
    rewrite_json(folder / "processor" / "tokenizer_config.json", lambda content: content.pop("eos_token"))
    assert refusal(folder) == f"the tokenizer in {folder / 'processor'} names no eos_token"


def test_a_tokenizer_with_more_ids_than_embeddings_is_refused(folder: Path) -> None:
    path = folder / "vlm" / "config.json"
    rewrite_json(path, lambda content: content["llm_config"].update(vocab_size=165))
    assert "the model only 165 embeddings" in refusal(folder)


def test_a_tokenizer_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder / "processor" / "tokenizer.json").write_text("{}")
    assert refusal(folder).startswith(f"the tokenizer in {folder / 'processor'} cannot be read: ")
