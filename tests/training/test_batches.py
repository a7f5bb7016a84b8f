from dataclasses import replace

import pytest
import torch

from g2tr.errors import InputError
from g2tr.scenes.render import CPU
from g2tr.scenes.versions import world
from g2tr.training.batches import BatchSampler, CropBatches, DrawnEditBatch, DrawnQuestionBatch

LESSONS = BatchSampler(["v1"], 20, batch=2, edit_batch=2, questions=1, edits=(0.0, 1.0), pairs=0.5, seed=0)


def test_a_number_is_always_the_same_batch() -> None:
    one, same, other = LESSONS(3), LESSONS(3), LESSONS(4)
    assert type(one) is type(same)
    assert torch.equal(one.texts.ids, same.texts.ids)
    pixels = [batch.paint(CPU).images[0] for batch in (one, same, other)]
    assert torch.equal(pixels[0], pixels[1]) and not torch.equal(pixels[0], pixels[2])


def test_the_share_of_edits_grows() -> None:
    assert isinstance(LESSONS(0), DrawnQuestionBatch)
    assert all(isinstance(LESSONS(20 + i), DrawnEditBatch) for i in range(3))


def test_a_world_with_pairs_asks_about_two_images() -> None:
    batch = BatchSampler(["v2"], 20, 2, 2, 1, edits=(0.0, 0.0), pairs=1.0, seed=0)(0)
    assert isinstance(batch, DrawnQuestionBatch)
    assert len(batch.images) == 2
    assert batch.texts.blocks.max() == 2


def test_pictures_are_crops_of_whole_cells() -> None:
    assert CropBatches(["v1"], batch=3, crop=32, seed=0)(0).paint(CPU).images.shape == (3, 3, 32, 32)
    with pytest.raises(InputError, match="multiple of 8"):
        CropBatches(["v1"], batch=3, crop=30, seed=0)


def test_one_drawing_makes_several_batches() -> None:
    lessons = replace(LESSONS, pieces=3, questions=2)
    whole = lessons.ask(world("v1"), 0).paint(CPU)
    parts = whole.split(3)
    assert [len(part.images[0]) for part in parts] == [2, 2, 2]
    assert torch.equal(torch.cat([part.texts.ids for part in parts]), whole.texts.ids)
    assert sum(part.texts.weights.sum() for part in parts).item() == pytest.approx(3 * whole.texts.weights.sum().item())
    edits = lessons.edit(world("v1"), 0).paint(CPU).split(3)
    assert len(edits) == 3 and edits[0].targets.shape == edits[0].images.shape
