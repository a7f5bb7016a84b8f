import json

import torch

from g2tr.assets import ASSETS
from g2tr.training.dense_forward import PADDING_BLOCK
from g2tr.training.token_rows import END, PAD, START, TokenRowBuilder, entries


def test_the_first_world_has_the_tokenizer_of_the_embedded_model() -> None:
    stored = json.loads((ASSETS / "bagel_tiny" / "tokenizer.json").read_text())["model"]["vocab"]
    assert entries(["v1"]) == sorted(stored, key=lambda word: stored[word])


def test_a_richer_world_keeps_the_ids_of_the_first() -> None:
    both = entries(["v2", "v1"])
    assert both[:75] == entries(["v1"])[:75]
    assert len(both) % 16 == 0


def test_each_segment_learns_its_answer_and_the_end() -> None:
    writer = TokenRowBuilder(entries(["v1"]))
    texts = writer.conversations([[("is there a red circle ?", "yes"), ("describe", "large red")]], images=1)
    learned = texts.weights[0] > 0
    assert texts.targets[0][learned].tolist() == [*writer("yes"), END, *writer("large red"), END]
    first = texts.blocks[0] == 1
    assert texts.ids[0][first].tolist() == [START, *writer("is there a red circle ?"), END, START, *writer("yes")]
    assert texts.positions[0][first].tolist() == list(range(1, 11))
    assert texts.positions[0][texts.blocks[0] == 2].tolist() == list(range(1, 7))
    assert (texts.ids[0][texts.blocks[0] == PADDING_BLOCK] == PAD).all()


def test_questions_and_captions_weigh_the_same() -> None:
    writer = TokenRowBuilder(entries(["v1"]))
    turns = [[("what shape is red ?", "star"), ("describe", "large red star one two")]] * 3
    texts = writer.conversations(turns, images=1)
    assert torch.isclose(texts.weights[texts.blocks == 1].sum(), torch.tensor(1.0))
    assert torch.isclose(texts.weights[texts.blocks == 2].sum(), torch.tensor(1.0))


def test_an_instruction_is_read_and_not_learned() -> None:
    texts = TokenRowBuilder(entries(["v1"])).instructions(["make the background gray"], images=2)
    assert texts.weights.sum() == 0
    assert texts.positions[0][texts.blocks[0] == 2].tolist() == [2, 3, 4, 5, 6, 7]
