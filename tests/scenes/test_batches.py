from itertools import islice

import torch

from g2tr.scenes.batches import edit_batches, pair_batches, question_batches
from g2tr.scenes.canvas import paint
from g2tr.scenes.render import CPU
from g2tr.scenes.versions import V1, V2
from g2tr.scenes.words import vocabulary


def test_batches_hold_images_captions_and_questions(device: torch.device) -> None:
    batch = next(question_batches(V1, 0, 6, questions=3))
    images = paint(batch.images, device)
    assert images.shape == (6, 3, 224, 224) and images.device.type == device.type
    assert images.min() >= 0 and images.max() <= 1
    assert len(batch.captions) == 6 and [len(asked) for asked in batch.questions] == [3] * 6
    assert set(" ".join(batch.captions).split(" ")) <= set(vocabulary("v1"))


def test_edits_change_images(device: torch.device) -> None:
    for on in (V1, V2):
        batch = next(edit_batches(on, 0, 8))
        images, targets = paint(batch.images, device), paint(batch.targets, device)
        assert images.shape == targets.shape and images.shape[2:] in on.edit_sizes
        assert (images != targets).flatten(1).any(1).all()
        assert len(batch.instructions) == len(batch.categories) == 8


def test_pairs_have_one_size_and_one_question_each() -> None:
    batch = next(pair_batches(V2, 0, 5))
    assert batch.firsts.size == batch.seconds.size and len(batch.questions) == 5


def test_workers_share_a_stream() -> None:
    whole = list(islice(question_batches(V2, 4, 2), 5))
    odd = list(islice(question_batches(V2, 4, 2, start=1, stride=2), 2))
    for expected, own in zip(whole[1::2], odd, strict=True):
        assert torch.equal(paint(expected.images, CPU), paint(own.images, CPU)) and expected.questions == own.questions
    assert whole[0].captions != whole[1].captions
    assert len({batch.images.size for batch in whole}) > 1
