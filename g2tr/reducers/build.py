"""Reducers from configuration nodes."""

from omegaconf import DictConfig

from g2tr.config import build
from g2tr.errors import InputError
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.reducer import Reducer


def build_reducer(node: DictConfig) -> ReductionPlan:
    """The reducer or cascade of a configuration node."""
    reducer = build(node)
    if not isinstance(reducer, ReductionPlan):
        raise InputError(f"reducer must be a g2tr Reducer or Cascade, got {type(reducer).__name__}")
    return reducer


def require_unreduced(plan: ReductionPlan) -> None:
    """Raises `InputError` for a reference that is reduced: everything is compared with the unreduced model."""
    if not isinstance(plan, Reducer) or plan.keep_ratio != 1 or plan.name != "none":
        raise InputError(
            "the reference is the unreduced model, which nothing can change; set the reducer instead, as in "
            f"reducer.keep_ratio={getattr(plan, 'keep_ratio', 0.5):g}"
        )
