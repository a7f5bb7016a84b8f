"""Devices and float types by the names that configurations use."""

import re

import torch

from g2tr.errors import InputError


def read_dtype(name: str) -> torch.dtype:
    """The float type of this name."""
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if name not in kinds:
        raise InputError(f"unknown dtype {name!r}; there are {', '.join(kinds)}")
    return kinds[name]


def read_device(name: str) -> torch.device:
    """The device of this name; `auto` takes the GPU where there is one."""
    count = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda" if count else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise InputError(f"unknown device {name!r}; there are cpu, cuda, cuda:0 … and auto")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= count:
        raise InputError(f"device={name}, but torch sees {count or 'no'} GPU here")
    return device
