"""Where results go besides the run folder."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.loggers.base import Files as Files
    from g2tr.loggers.sweep_table import Comparison as Comparison
    from g2tr.loggers.wandb import WandB as WandB

EXPORTS = {
    "Comparison": "sweep_table",
    "Files": "base",
    "WandB": "wandb",
}
__getattr__ = lazily(__name__, EXPORTS)
