"""InternVL-U: understanding with a Qwen3 language model, images by a separate generation decoder."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.models.internvl_u.flow import Sampling as Sampling
    from g2tr.models.internvl_u.load import load_internvl_u as load_internvl_u
    from g2tr.models.internvl_u.prompt import System as System
    from g2tr.models.internvl_u.random import random_internvl_u as random_internvl_u
    from g2tr.models.internvl_u.sizes import DynamicSize as DynamicSize

EXPORTS = {
    "DynamicSize": "sizes",
    "Sampling": "flow",
    "System": "prompt",
    "load_internvl_u": "load",
    "random_internvl_u": "random",
}
__getattr__ = lazily(__name__, EXPORTS)
