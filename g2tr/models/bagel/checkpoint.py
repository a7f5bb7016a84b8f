"""Where a BAGEL checkpoint lies and which files it must hold."""

from pathlib import Path

from g2tr.assets import ASSETS
from g2tr.errors import InputError
from g2tr.models.checkpoints.hub import find_folder, require_files
from g2tr.models.checkpoints.parts import files_of

WEIGHTS, AUTOENCODER = "ema.safetensors", "ae.safetensors"
FILES = ("llm_config.json", "vit_config.json", "tokenizer.json")


def find_checkpoint(checkpoint: str, revision: str | None = None, weights: str = WEIGHTS) -> Path:
    """The folder of a checkpoint: a local path, a hub id such as `ByteDance-Seed/BAGEL-7B-MoT`, or `embedded`.

    `weights` names the file of the network. Either file may be stored in shards, which its index names
    (`ema.safetensors.index.json`). Raises `InputError` for whatever is missing.
    """
    if Path(weights).name != weights or not weights.endswith(".safetensors"):
        raise InputError(f"model.weights must be the name of a .safetensors file in the checkpoint, got {weights!r}")
    place = str(ASSETS / "bagel_tiny") if checkpoint == "embedded" else checkpoint
    stored = [pattern for name in (weights, AUTOENCODER) for pattern in (name, f"{Path(name).stem}-*.safetensors")]
    folder = find_folder(place, revision, ("*.json", "*.txt", *stored))
    absent = tuple(name for name in (weights, AUTOENCODER) if not files_of(folder / name))
    require_files(folder, (*absent, *FILES), "BAGEL", other_weights(folder) if weights in absent else "")
    return folder


def other_weights(folder: Path) -> str:
    """Which file could be meant where the one of the network is missing."""
    names = {path.name.removesuffix(".index.json") for path in folder.glob("*.safetensors*")}
    others = sorted(name for name in names - {AUTOENCODER} if "-of-" not in name)
    return f"; model.weights={others[0]} names a file that is there" if others else ""
