"""Checkpoint folders: found on disk or on the Hugging Face hub, checked, and streamed tensor by tensor."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from tqdm import tqdm

from g2tr.assets import ASSETS
from g2tr.errors import InputError

FILES = ("ema.safetensors", "ae.safetensors", "llm_config.json", "vit_config.json", "tokenizer.json")
PATTERNS = ("*.json", "*.txt", "ema.safetensors", "ae.safetensors")
FLOATS = {"F64", "F32", "F16", "BF16"}
Shapes = Mapping[str, tuple[int, ...]]


def find_checkpoint(checkpoint: str, revision: str | None = None) -> Path:
    """The folder of a checkpoint: a local path, a hub id such as `ByteDance-Seed/BAGEL-7B-MoT`, or `embedded`."""
    folder = ASSETS / "bagel_tiny" if checkpoint == "embedded" else Path(checkpoint).expanduser()
    if not folder.is_dir():
        if checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") != 1:
            raise InputError(f"model.checkpoint={checkpoint}: no such folder, and no hub id of the form owner/name")
        folder = download(checkpoint, revision)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} is no BAGEL checkpoint: it lacks {', '.join(missing)}")
    return folder


def download(repo: str, revision: str | None) -> Path:
    """The local copy of a hub repository, fetched first where it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(PATTERNS)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"model.checkpoint={repo}: no such folder, and the hub did not give it: {reason}") from None


@contextmanager
def opened(path: Path, device: str = "cpu") -> Iterator[Any]:
    """A safetensors file. Raises `InputError` where it is damaged or cannot be read."""
    try:
        file = safe_open(path, framework="pt", device=device)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is damaged or cut off: {error}") from None
    with file:
        yield file


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor in a file. Raises `InputError` for a tensor that holds no floats."""
    with opened(path) as file:
        slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - safe_open is no mapping
        for key, tensor in slices.items():
            if tensor.get_dtype() not in FLOATS:
                raise InputError(f"{path.name}: {key} has dtype {tensor.get_dtype()}, wanted one of {sorted(FLOATS)}")
        return {key: tuple(tensor.get_shape()) for key, tensor in slices.items()}


def check_shapes(path: Path, wanted: Shapes, found: Shapes, skipped: Callable[[str], bool]) -> None:
    """Raises `InputError` that names the first missing or surplus tensor, or the first of another shape."""
    missing = sorted(wanted.keys() - found.keys())
    surplus = sorted(key for key in found.keys() - wanted.keys() if not skipped(key))
    wrong = [key for key in wanted if key in found and wanted[key] != found[key]]
    if missing:
        raise InputError(f"{path.name} lacks {missing[0]}{more(missing)}")
    if surplus:
        raise InputError(f"{path.name} holds {surplus[0]}{more(surplus)}, which this model has no place for")
    if wrong:
        raise InputError(f"{path.name}: {wrong[0]} has shape {found[wrong[0]]}, wanted {wanted[wrong[0]]}{more(wrong)}")


def more(keys: list[str]) -> str:
    """How many keys go unnamed."""
    return f" and {len(keys) - 1} more" if len(keys) > 1 else ""


def load_weights(
    module: nn.Module,
    path: Path,
    name_of: Callable[[str], str],
    skipped: Callable[[str], bool],
    device: torch.device,
    dtype: torch.dtype,
) -> list[str]:
    """Fills a module that lies on the meta device, one tensor at a time, straight to its device and dtype.

    `name_of` gives the file's key of each parameter. A stored tensor may have extra axes of size 1.
    Returns the keys of the file that were skipped.
    """
    shapes = read_shapes(path)
    parameters = {name_of(name): (name, tuple(value.shape)) for name, value in module.state_dict().items()}
    squeezed = {key: matching(shapes[key], shape) for key, (_, shape) in parameters.items() if key in shapes}
    check_shapes(path, {key: shape for key, (_, shape) in parameters.items()}, {**shapes, **squeezed}, skipped)
    state: dict[str, Tensor] = {}
    with opened(path, str(device)) as file:
        for key, (name, shape) in tqdm(parameters.items(), desc=path.name, delay=2, leave=False):
            state[name] = file.get_tensor(key).reshape(shape).to(dtype)
    module.load_state_dict(state, assign=True)
    return sorted(shapes.keys() - parameters.keys())


def matching(found: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """`wanted` where the stored shape differs from it by trailing axes of size 1 alone (a 1x1 convolution)."""
    return wanted if found[: len(wanted)] == wanted and set(found[len(wanted) :]) <= {1} else found
