"""Where an InternVL-U checkpoint lies, and which files and classes it must name."""

from pathlib import Path

from g2tr.errors import InputError
from g2tr.models.checkpoints.hub import find_folder, require_files
from g2tr.models.checkpoints.json_config import read_json
from g2tr.models.checkpoints.parts import files_of

FILES = ("model_index.json", "vlm/config.json", "vae/config.json", "processor/processor_config.json")
DRAWING_FILES = ("generation_decoder/config.json", "scheduler/scheduler_config.json")
PATTERNS = ("*.json", "*.txt", "vlm/*.safetensors", "vae/*.safetensors")
CLASSES = {
    "model_index.json": "InternVLUPipeline",
    "vae/config.json": "AutoencoderKLQwenImage",
    "scheduler/scheduler_config.json": "DPMSolverMultistepScheduler",
}


def find_checkpoint(checkpoint: str, revision: str | None, generation: bool) -> Path:
    """The folder of a checkpoint: a local path, or a hub id such as `InternVL-U/InternVL-U`.

    Raises `InputError` for a file that is missing or was made for another class.
    """
    patterns = (*PATTERNS, "generation_decoder/*.safetensors") if generation else PATTERNS
    folder = find_folder(checkpoint, revision, patterns)
    files = FILES + DRAWING_FILES if generation else FILES
    require_files(folder, files, "InternVL-U")
    for part in ("vlm", "vae", "generation_decoder") if generation else ("vlm", "vae"):
        if not files_of(folder / part):
            raise InputError(f"{folder} is no InternVL-U checkpoint: it lacks {part}/*.safetensors")
    for name in files:
        require_class(folder / name, CLASSES.get(name))
    return folder


def require_class(path: Path, wanted: str | None) -> None:
    """Raises `InputError` where a file states another class than the one that is wanted."""
    stated = read_json(path).get("_class_name", wanted)
    if wanted is not None and stated != wanted:
        raise InputError(f"{path}: _class_name must be {wanted}, got {stated!r}")
