"""Checkpoint folders: on disk, or fetched from the Hugging Face hub."""

from collections.abc import Sequence
from pathlib import Path

from g2tr.errors import InputError


def find_folder(checkpoint: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The folder of a checkpoint: a local path, or the files of a hub id owner/name that match `patterns`."""
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        return folder
    if checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") != 1:
        raise InputError(f"model.checkpoint={checkpoint}: no such folder, and no hub id of the form owner/name")
    return download(checkpoint, revision, patterns)


def download(repo: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """The local copy of a hub repository, fetched first where it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"model.checkpoint={repo}: no such folder, and the hub did not give it: {reason}") from None


def require_files(folder: Path, names: Sequence[str], model: str, hint: str = "") -> None:
    """Raises `InputError` that names every file that a checkpoint folder lacks; `hint` follows the names."""
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} is no {model} checkpoint: it lacks {', '.join(missing)}{hint}")
