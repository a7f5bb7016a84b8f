"""Safetensors files: checked, and streamed tensor by tensor into modules that have no memory yet."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from g2tr.errors import InputError
from g2tr.models.checkpoints.device import dtype_name
from g2tr.models.checkpoints.parts import files_of, opened

log = logging.getLogger(__name__)
FLOATS = {"F64", "F32", "F16", "BF16"}
Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]


@dataclass(frozen=True)
class TensorSource:
    """Where a parameter is stored: a key, or one of `parts` equal groups of that tensor's rows."""

    key: str
    part: int = 0
    parts: int = 1

    def full_shape(self, shape: Shape) -> Shape:
        """The shape of the stored tensor of which a parameter of this shape is a part."""
        return (shape[0] * self.parts, *shape[1:]) if self.parts > 1 else shape

    def read(self, file: Any) -> Tensor:  # noqa: ANN401 - safetensors has no types
        """The part of the tensor, and no more of it."""
        if self.parts == 1:
            full_shape: Tensor = file.get_tensor(self.key)
            return full_shape
        rows = file.get_slice(self.key)
        count = rows.get_shape()[0] // self.parts
        part: Tensor = rows[self.part * count : (self.part + 1) * count]
        return part


def read_shapes(path: Path) -> dict[str, Shape]:
    """The shape of every tensor in a file or folder. Raises `InputError` for a tensor that holds no floats."""
    shapes: dict[str, Shape] = {}
    for place in files_of(path):
        with opened(place) as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - safe_open is no mapping
            for key, tensor in slices.items():
                found, wanted = tensor.get_dtype(), sorted(FLOATS)
                if found not in FLOATS:
                    raise InputError(f"{path.name}: {key} has dtype {found}, wanted one of {wanted}")
            shapes |= {key: tuple(tensor.get_shape()) for key, tensor in slices.items()}
    return shapes


def check_shapes(path: Path, wanted: Shapes, found: Shapes, skipped: Callable[[str], bool]) -> None:
    """Raises `InputError` that names the first missing or surplus tensor, or the first of another shape."""
    missing = sorted(wanted.keys() - found.keys())
    surplus = sorted(key for key in found.keys() - wanted.keys() if not skipped(key))
    wrong = [key for key in wanted if key in found and wanted[key] != found[key]]
    if missing:
        raise InputError(f"{path.name} lacks {missing[0]}{and_more(missing)}")
    if surplus:
        raise InputError(f"{path.name} holds {surplus[0]}{and_more(surplus)}, which this model has no place for")
    if wrong:
        raise InputError(
            f"{path.name}: {wrong[0]} has shape {found[wrong[0]]}, wanted {wanted[wrong[0]]}{and_more(wrong)}"
        )


def and_more(keys: list[str]) -> str:
    """How many keys go unnamed."""
    return f" and {len(keys) - 1} more" if len(keys) > 1 else ""


def load_weights(
    module: nn.Module,
    path: Path,
    stored_as: Callable[[str], TensorSource],
    skipped: Callable[[str], bool],
    device: torch.device,
    dtype: torch.dtype,
) -> None:
    """Fills a module that lies on the meta device, one tensor at a time, straight to its device and dtype.

    `path` is a file, one that is stored in shards, or a folder of files; `stored_as` says where each parameter is.
    A stored tensor may have trailing axes of size 1 too many. The log names the tensors that were `skipped`.
    """
    shapes = read_shapes(path)
    places = {name: (stored_as(name), tuple(value.shape)) for name, value in module.state_dict().items()}
    wanted = {place.key: place.full_shape(shape) for place, shape in places.values()}
    found = shapes | {key: squeeze_trailing(shapes[key], shape) for key, shape in wanted.items() if key in shapes}
    check_shapes(path, wanted, found, skipped)
    state: dict[str, Tensor] = {}
    for file_path in files_of(path):
        with opened(file_path, str(device)) as file:
            here = set(file.keys())
            mine = [(name, *place) for name, place in places.items() if place[0].key in here]
            for name, place, shape in tqdm(mine, desc=file_path.name, delay=2, leave=False):
                state[name] = converted(place.read(file).reshape(shape), dtype, f"{file_path.name}: {place.key}")
    module.load_state_dict(state, assign=True)
    report_skipped(path, sorted(shapes.keys() - wanted.keys()))


def converted(stored: Tensor, dtype: torch.dtype, where: str) -> Tensor:
    """A tensor in the dtype of the model. Raises `InputError` where it holds, or then holds, NaN or infinity."""
    value = stored.to(dtype)
    if bool(value.isfinite().all()):
        return value
    if bool(stored.isfinite().all()):
        raise InputError(f"{where} has values that {dtype_name(dtype)} cannot hold; use bfloat16")
    count = int((~stored.isfinite()).sum())
    raise InputError(f"{where} holds {count} of {stored.numel()} values that are NaN or infinite")


def report_skipped(path: Path, keys: list[str]) -> None:
    """Says what was left in the file."""
    if keys:
        log.info("%s: skipped %d tensors that understanding does not need (%s …)", path.name, len(keys), keys[0])


def squeeze_trailing(found: Shape, wanted: Shape) -> Shape:
    """`wanted` where the stored shape differs from it by trailing axes of size 1 alone (a 1x1 convolution)."""
    return wanted if found[: len(wanted)] == wanted and set(found[len(wanted) :]) <= {1} else found
