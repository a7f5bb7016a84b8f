"""Images and a question as a transformers model reads them: its own processor and its own chat template."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image

from g2tr.errors import InputError
from g2tr.images import to_rgb

log = logging.getLogger(__name__)
FAILURES = (ImportError, OSError, ValueError, TypeError, KeyError, AttributeError)
# Processors that lay out images alike, for families whose own cannot be made without packages for videos.
WITHOUT_VIDEO = {"smolvlm": "Idefics3Processor"}


def read_processor(folder: Path) -> Any:  # noqa: ANN401 - a processor of transformers
    """The checkpoint's own processor. Raises `InputError` where a package or a file is missing."""
    import transformers

    try:
        return load_processor(transformers.AutoProcessor, folder)
    except FAILURES as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    try:
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        if config.model_type in WITHOUT_VIDEO:
            return load_processor(getattr(transformers, WITHOUT_VIDEO[config.model_type]), folder)
    except FAILURES:
        log.debug("no processor without video packages either", exc_info=True)
    wanted = "" if transformers.utils.is_torchvision_available() else "; most processors need torchvision"
    raise InputError(f"{folder}: its processor cannot be loaded: {reason}{wanted}")


def load_processor(kind: Any, folder: Path) -> Any:  # noqa: ANN401
    """A processor of a class of transformers, which never runs code of the checkpoint."""
    return kind.from_pretrained(folder, trust_remote_code=False)


def read_prompt(
    processor: Any,  # noqa: ANN401
    images: Sequence[Image],
    prompt: str,
    options: Mapping[str, Any],
    device: torch.device,
    dtype: torch.dtype,
) -> dict[str, Any]:
    """The model's inputs: the images and then the prompt, as one turn of a user. `options` go to the processor."""
    inputs = processor(
        images=[to_rgb(image) for image in images],
        text=[written(processor, len(images), prompt)],
        return_tensors="pt",
        **options,
    )
    return {name: moved(value, device, dtype) for name, value in inputs.items()}


def written(processor: Any, count: int, prompt: str) -> str:  # noqa: ANN401
    """The turn in the model's own template; without one, a placeholder for each image and the prompt behind them."""
    if not getattr(processor, "chat_template", None):
        return f"{getattr(processor, 'image_token', '<image>') * count}{prompt}"
    content = [*({"type": "image"} for _ in range(count)), {"type": "text", "text": prompt}]
    rotaries = [{"role": "user", "content": content}]
    return str(processor.apply_chat_template(rotaries, add_generation_prompt=True, tokenize=False))


def moved(value: Any, device: torch.device, dtype: torch.dtype) -> Any:  # noqa: ANN401
    """A tensor on a device, its fractions in the model's float type; anything else as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(device, dtype) if value.is_floating_point() else value.to(device)
