"""The one model that a process holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from g2tr.config import build, fingerprint, plain

if TYPE_CHECKING:
    from g2tr.models.base import Model


@dataclass
class KeptModel:
    """The model that was loaded last; it serves every job with the same settings, and leaves before another comes."""

    model: "Model | None" = None
    key: str | None = None

    def load(self, node: DictConfig, weights: Any, device: str) -> "Model":  # noqa: ANN401 - any JSON
        """The model of a configuration node on a device; `weights` is the fingerprint of the files that it reads."""
        key = fingerprint({"model": plain(node), "weights": weights, "device": device})
        if self.model is None or self.key != key:
            self.model = self.key = None
            self.model = build(node, device=device)
            self.key = key
        return self.model
