"""What callers hand to a model: one image or several, a path in place of an image, no reducer, a seed, a size."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL.Image import Image

from g2tr.errors import InputError
from g2tr.images import read_image as read_file
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.tokens import Grid

Picture = Image | str | Path
Pictures = Picture | Sequence[Picture]
SEEDS = range(2**64)


@contextmanager
def own_types() -> Iterator[None]:
    """The model's own float types, whatever autocast surrounds the call."""
    with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
        yield


@contextmanager
def own_rules() -> Iterator[None]:
    """The model's own float types, and no gradients."""
    with torch.inference_mode(), own_types():
        yield


def read_images(given: Pictures) -> list[Image]:
    """The images of a call. Raises `InputError` for what is neither an image nor the path of one."""
    if isinstance(given, str | Path | Image) or not isinstance(given, Iterable):
        return [read_image(given)]
    return [read_image(each) for each in given]


def read_image(given: object) -> Image:
    """An image, or the one at a path. Raises `InputError` for anything else."""
    if isinstance(given, Image):
        return given
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        if not path.is_file():
            raise InputError(f"no such image file: {path}")
        return read_file(path)
    raise InputError(f"an image must be a PIL image or a path, got {type(given).__name__}")


def read_prompts(given: str | Sequence[str], markers: Iterable[str] = ()) -> list[str]:
    """The prompts of a call. Raises `InputError` where there is nothing to read, and for what is no text.

    The text of one of the tokenizer's `markers`, such as `<|im_end|>`, becomes a control token, as in the official
    code of both models: what follows may be read as another turn. A warning names the first one.
    """
    prompts = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
    strange = [prompt for prompt in prompts if not isinstance(prompt, str)]
    if strange:
        raise InputError(f"a prompt must be a text, got {type(strange[0]).__name__}")
    if not prompts or any(not prompt.strip() for prompt in prompts):
        raise InputError("empty prompt: the model needs at least one word to answer or to follow")
    found = next((marker for marker in markers if any(marker in prompt for prompt in prompts)), None)
    if found:
        warnings.warn(f"{found} in a prompt is read as a control token, as in the official code", stacklevel=3)
    return prompts


def read_plan(given: ReductionPlan | None) -> ReductionPlan:
    """A reducer or a cascade; without one every token stays. Raises `InputError` for anything else."""
    if given is None:
        return KEEP_ALL
    if not isinstance(given, ReductionPlan):
        raise InputError(f"reducer must be a Reducer, a Cascade or None, got {type(given).__name__} {given!r:.40}")
    return given


def seeded(seed: int) -> torch.Generator:
    """Random numbers on the CPU. Raises `InputError` for what is no whole number from 0 to 2**64 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed not in SEEDS:
        raise InputError(f"seed must be a whole number from 0 to 2**64 - 1, got {seed!r}")
    return torch.Generator().manual_seed(seed)


def check_size(size: str) -> None:
    """Raises `InputError` for what is no size of an edit: `first`, `last` or WxH in pixels."""
    if not isinstance(size, str) or not re.fullmatch(r"first|last|[1-9]\d{0,4}x[1-9]\d{0,4}", size):
        raise InputError(f"model.size must be first, last or WxH in pixels, such as 1024x768, got {size!r}")


def edit_size(size: str, images: Sequence[Image], sized: Callable[[Image], Grid]) -> Grid:
    """(height, width) in pixels of an edit: what `sized` makes of the first or the last image, or what WxH says.

    `last` is the default: the official BAGEL interface draws at the size of the image that it read last. The rule that
    is recorded of the official evaluation scripts (models-bagel.md section 4) is that of one image, for which `first`
    and `last` are the same.
    """
    if size in ("first", "last"):
        return sized(images[0 if size == "first" else -1])
    width, height = size.split("x")
    return int(height), int(width)
