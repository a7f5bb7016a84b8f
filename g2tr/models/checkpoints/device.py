"""Devices and float types by the names that configurations use."""

import re

import torch

from g2tr.errors import InputError


def read_dtype(name: str | torch.dtype) -> torch.dtype:
    """The float type of this name, or the float type itself. Raises `InputError` for one that no model runs in."""
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    stated = dtype_name(name) if isinstance(name, torch.dtype) else name
    if stated not in kinds:
        raise InputError(f"unknown dtype {stated!r}; there are {', '.join(kinds)}")
    return kinds[stated]


def dtype_name(kind: torch.dtype) -> str:
    """The name of a float type."""
    return str(kind).removeprefix("torch.")


def read_device(given: str | torch.device) -> torch.device:
    """The device of this name, or the device itself; `auto` takes the GPU where there is one."""
    name = str(given)
    count = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise InputError(f"unknown device {name!r}; there are cpu, cuda, cuda:0 … and auto")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= count:
        raise InputError(f"device={name}, but torch sees {count or 'no'} GPU here")
    return device
