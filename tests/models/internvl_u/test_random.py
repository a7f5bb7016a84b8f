import pytest
import torch
from PIL.Image import Image

from g2tr.benchmarks.scenes import SceneQuestions
from g2tr.errors import InputError
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.random import byte_tokenizer, random_internvl_u
from g2tr.reducers.cascade import KEEP_ALL


def test_the_same_seed_gives_the_same_model(drawn: InternVLU) -> None:
    again, other = random_internvl_u(), random_internvl_u(seed=1)
    weights = [model.parts.network.state_dict() for model in (drawn, again, other)]
    assert all(torch.equal(weights[0][key].cpu(), weights[1][key]) for key in weights[0])
    assert not torch.equal(weights[1]["mlp1.1.weight"], weights[2]["mlp1.1.weight"])


def test_answers_to_scenes_are_not_empty(drawn: InternVLU) -> None:
    for sample in SceneQuestions(limit=8).samples():
        images = [source.open() for source in sample.images]
        assert drawn.answer(images, sample.prompt, KEEP_ALL, 8).strip()


def test_answers_depend_on_the_image_and_on_the_question(drawn: InternVLU, scene: Image) -> None:
    asked = [(scene, "why ?"), (scene.rotate(90), "why ?"), (scene, "what ?")]
    logits = []
    for image, question in asked:
        context = drawn.context()
        with torch.inference_mode():
            context.read_image(image, KEEP_ALL)
            logits.append(context.read_text(question).last[-1])
    assert not any(torch.allclose(logits[0], other, atol=1e-3) for other in logits[1:])


@pytest.mark.parametrize("text", ["Why?", "caffè\n", "视觉", ""])
def test_bytes_come_back_as_the_text_they_were(text: str) -> None:
    tokenizer = byte_tokenizer()
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert len(ids) == len(text.encode())
    assert tokenizer.decode(ids) == text


def test_a_seed_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match=r"model\.seed must be a whole number from 0 to 2\*\*64 - 1, got -1"):
        random_internvl_u(seed=-1)
    with pytest.raises(InputError, match="got 1180591620717411303424"):
        random_internvl_u(seed=2**70)
