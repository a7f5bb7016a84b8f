"""Where a value first stops being a number: checked between the stages of a model."""

import torch

from g2tr.errors import InputError


def require_finite(values: torch.Tensor, what: str, where: str = "") -> None:
    """Raises `InputError` that names a stage whose values are NaN or infinite."""
    if not bool(values.isfinite().all()):
        count = int((~values.isfinite()).sum())
        place = f"{what} {where}".strip()
        raise InputError(f"{place}: {count} of {values.numel()} values are NaN or infinite")
