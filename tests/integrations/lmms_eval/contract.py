"""Stand-ins for what g2tr uses of lmms-eval 0.7: the published contract, and nothing of its code.

The tests take the real package where it is installed.
"""

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any


@dataclass
class TokenCounts:
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass
class GenerationResult:
    text: str
    token_counts: TokenCounts | None = None


@dataclass
class Instance:
    request_type: str
    arguments: tuple[Any, ...]
    idx: int
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def args(self) -> tuple[Any, ...]:
        return self.arguments


@dataclass(frozen=True)
class ModelManifest:
    model_id: str
    simple_class_path: str | None = None
    chat_class_path: str | None = None
    aliases: tuple[str, ...] = ()


class lmms:
    is_simple = True

    def __init__(self) -> None:
        self._rank, self._world_size = 0, 1
        self.task_dict: dict[str, Any] = {}

    @property
    def rank(self) -> int:
        return self._rank

    def clean(self) -> None: ...


def modules() -> dict[str, ModuleType]:
    """The stand-ins under the names of the package's modules."""
    content: dict[str, tuple[type, ...]] = {
        "lmms_eval": (),
        "lmms_eval.api": (),
        "lmms_eval.api.instance": (GenerationResult, Instance, TokenCounts),
        "lmms_eval.api.model": (lmms,),
        "lmms_eval.models": (),
        "lmms_eval.models.registry_v2": (ModelManifest,),
    }
    found = {name: ModuleType(name) for name in content}
    for name, classes in content.items():
        for cls in classes:
            setattr(found[name], cls.__name__, cls)
    return found
