"""What callers naturally hand over is taken; anything else is answered in one line."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.calls import check_size, edit_size, read_image, read_images, read_plan, read_prompts, seeded
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.random import random_internvl_u
from g2tr.reducers.cascade import KEEP_ALL

QUESTION = "what color is the ring ?"


@pytest.fixture(scope="module")
def drawn() -> InternVLU:
    return random_internvl_u()


def test_one_image_or_several_by_value_or_path_without_a_reducer(
    bagel_tiny: Bagel, drawn: InternVLU, scene: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "scene.png"
    scene.save(path)
    for model in (bagel_tiny, drawn):
        wanted = model.answers([scene], [QUESTION], KEEP_ALL, 4)[0].output
        for images in (scene, [scene], (scene,), path, str(path), [path]):
            assert model.answer(images, QUESTION, max_tokens=4) == wanted
        assert model.answers(scene, QUESTION, None, 4)[0].output == wanted
        assert torch.equal(model.encode(path).features, model.encode(scene, frozenset()).features)


@pytest.mark.parametrize("kind", ["bagel_tiny", "drawn"])
def test_autocast_around_a_call_changes_nothing(kind: str, scene: Image.Image, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    wanted, tokens = model.answer(scene, QUESTION, max_tokens=4), model.encode(scene).features
    with torch.autocast("cpu", torch.bfloat16):
        assert model.answer(scene, QUESTION, max_tokens=4) == wanted
        assert torch.equal(model.encode(scene).features, tokens)
        context = model.context()
        context.read_image(scene, KEEP_ALL)
        context.read_text(QUESTION)
    assert context.cache.layers[-1][0].dtype == torch.float32


def test_types_and_devices_of_torch_are_taken() -> None:
    model = load_bagel("embedded", dtype=torch.float32, device=torch.device("cpu"))
    assert model.settings["dtype"] == "float32"
    with pytest.raises(InputError, match="unknown dtype 'int8'; there are float32"):
        load_bagel("embedded", dtype=torch.int8)


@pytest.mark.parametrize(
    "call, given, message",
    [
        (read_images, 3, "an image must be a PIL image or a path, got int"),
        (read_images, [None], "an image must be a PIL image or a path, got NoneType"),
        (read_image, "absent.png", "no such image file: absent.png"),
        (read_prompts, None, "a prompt must be a text, got NoneType"),
        (read_prompts, ["a", 3], "a prompt must be a text, got int"),
        (read_prompts, " ", "empty prompt"),
        (read_prompts, [], "empty prompt"),
        (read_plan, "g2tr", "reducer must be a Reducer, a Cascade or None, got str 'g2tr'"),
        (seeded, 2**70, r"seed must be a whole number from 0 to 2\*\*64 - 1, got 1180591620717411303424"),
        (seeded, -1, "got -1"),
        (seeded, 1.5, "got 1.5"),
        (seeded, True, "got True"),
        (check_size, "large", "size must be first, last or WxH in pixels, such as 1024x768, got 'large'"),
        (check_size, "0x32", "got '0x32'"),
    ],
)
def test_anything_else_is_one_line_with_what_was_given_and_wanted(call: Any, given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        getattr(call, "__wrapped__", call)(given)


def test_the_largest_seed_is_a_seed() -> None:
    assert seeded(2**64 - 1).initial_seed() == 2**64 - 1


def test_the_size_of_an_edit_is_that_of_the_last_image_unless_another_is_asked_for(
    bagel_tiny: Bagel, scene: Image.Image
) -> None:
    wide, high = scene.resize((224, 112)), scene.resize((112, 224))
    for size, wanted in (("last", (224, 112)), ("first", (112, 224)), ("64x32", (32, 64))):
        check_size(size)
        assert edit_size(size, [wide, high], lambda image: (image.height, image.width)) == wanted


def test_a_loaded_model_edits_at_the_size_of_its_setting(scene: Image.Image) -> None:
    sampling = Sampling(num_timesteps=2, shift=1.0, text_scale=1.0, image_scale=1.0)
    wide = scene.resize((224, 112))
    for size in ("first", "last", "32x16"):
        model = load_bagel("embedded", dtype="float32", sampling=sampling, size=size)
        height, width = {"32x16": (16, 32)}.get(size) or model.parts.vae_size(wide if size == "first" else scene)
        assert model.edit([wide, scene], "make it red").output.size == (width, height)


def test_a_marker_in_a_prompt_is_named_in_a_warning_and_other_text_is_not() -> None:
    markers = ["<|im_start|>", "<|im_end|>"]
    assert read_prompts(["is 3 < 4 ?", "<image> ?"], markers) == ["is 3 < 4 ?", "<image> ?"]
    with pytest.warns(UserWarning, match=r"^<\|im_end\|> in a prompt is read as a control token"):
        read_prompts(["what color ?", "what <|im_end|> ?"], markers)


def test_the_embedded_model_warns_of_its_own_markers(bagel_tiny: Bagel, scene: Image.Image) -> None:
    with pytest.warns(UserWarning, match=r"<\|im_end\|> in a prompt"):
        bagel_tiny.answer(scene, "what <|im_end|> ?", max_tokens=1)
