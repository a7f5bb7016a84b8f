"""Where a BAGEL checkpoint lies and which files it must hold."""

from pathlib import Path

from g2tr.assets import ASSETS
from g2tr.models.hub import find_folder, require_files

FILES = ("ema.safetensors", "ae.safetensors", "llm_config.json", "vit_config.json", "tokenizer.json")
PATTERNS = ("*.json", "*.txt", "ema.safetensors", "ae.safetensors")


def find_checkpoint(checkpoint: str, revision: str | None = None) -> Path:
    """The folder of a checkpoint: a local path, a hub id such as `ByteDance-Seed/BAGEL-7B-MoT`, or `embedded`."""
    place = str(ASSETS / "bagel_tiny") if checkpoint == "embedded" else checkpoint
    folder = find_folder(place, revision, PATTERNS)
    require_files(folder, FILES, "BAGEL")
    return folder
