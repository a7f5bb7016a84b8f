from itertools import islice

import torch

from g2tr.scenes.batches import edit_batches, pair_batches, question_batches
from g2tr.scenes.versions import V1, V2
from g2tr.scenes.words import vocabulary


def test_batches_hold_images_captions_and_questions(device: torch.device) -> None:
    batch = next(question_batches(V1, 0, 6, questions=3, device=device))
    assert batch.images.shape == (6, 3, 224, 224) and batch.images.device.type == device.type
    assert batch.images.min() >= 0 and batch.images.max() <= 1
    assert len(batch.captions) == 6 and [len(asked) for asked in batch.questions] == [3] * 6
    assert set(" ".join(batch.captions).split(" ")) <= set(vocabulary("v1"))


def test_edits_change_images(device: torch.device) -> None:
    for on in (V1, V2):
        batch = next(edit_batches(on, 0, 8, device=device))
        assert batch.images.shape == batch.targets.shape and batch.images.shape[2:] in on.edit_sizes
        assert (batch.images != batch.targets).flatten(1).any(1).all()
        assert len(batch.instructions) == len(batch.categories) == 8


def test_pairs_have_one_size_and_one_question_each(device: torch.device) -> None:
    batch = next(pair_batches(V2, 0, 5, device=device))
    assert batch.firsts.shape == batch.seconds.shape and len(batch.questions) == 5


def test_workers_share_a_stream() -> None:
    whole = list(islice(question_batches(V2, 4, 2), 5))
    odd = list(islice(question_batches(V2, 4, 2, start=1, stride=2), 2))
    for expected, own in zip(whole[1::2], odd, strict=True):
        assert torch.equal(expected.images, own.images) and expected.questions == own.questions
    assert whole[0].captions != whole[1].captions
    assert len({batch.images.shape for batch in whole}) > 1
