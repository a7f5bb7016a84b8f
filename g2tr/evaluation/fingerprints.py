"""What a run has read, in twelve hex digits: results belong to the bytes that were read, not to their path."""

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from g2tr.assets import ASSETS
from g2tr.benchmarks.sample import Sample
from g2tr.config import fingerprint
from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.models.checkpoints.hub import find_folder

SMALL = 2**28  # bytes; the content of a larger file would take seconds to read, so its size and time stand for it
KINDS = (".safetensors", ".json", ".txt", ".model", ".jinja")


def of_samples(samples: Sequence[Sample]) -> str:
    """Everything about the samples but the content of image files, which `of_pictures` sees."""
    return fingerprint({"samples": [list(facts_of(sample)) for sample in samples]})


def facts_of(sample: Sample) -> Iterator[Any]:
    """A sample as JSON; images that lie in a table by their content, those in files by their name."""
    yield from (sample.id, sample.prompt, sample.category, sample.seed, sample.facts, sample.cluster)
    yield [name_of(image) for image in sample.images]
    yield name_of(sample.target) if isinstance(sample.target, ImageSource) else sample.target
    yield from [name_of(sample.mask)] if sample.mask else []


def name_of(image: ImageSource) -> str:
    """The content of an image that lies in a table, or the name of its file."""
    return image.content.name if isinstance(image.content, Path) else image.key


def of_pictures(sample: Sample) -> str:
    """The content of the image files of a sample, target and mask included; empty where there are none."""
    others = [source for source in (sample.target, sample.mask) if isinstance(source, ImageSource)]
    sources = [*sample.images, *others]
    files = [image.content for image in sources if isinstance(image.content, Path)]
    return fingerprint({"pictures": [of_file(file) for file in files]}) if files else ""


def of_checkpoint(node: Mapping[str, Any]) -> str:
    """The files of a model's `checkpoint`, or its commit on the hub; empty for a model without one."""
    checkpoint = node.get("checkpoint")
    if not isinstance(checkpoint, str):
        return ""
    if checkpoint == "embedded":
        return of_folder(ASSETS / "bagel_tiny")
    if (folder := Path(checkpoint).expanduser()).is_dir():
        return of_folder(folder)
    try:
        return find_folder(checkpoint, node.get("revision"), ("*.json",)).name
    except InputError:
        return ""  # the model says what is wrong when it is loaded


def of_folder(folder: Path) -> str:
    """The files of a checkpoint folder."""
    files = sorted(file for file in folder.rglob("*") if file.suffix in KINDS and file.is_file())
    return fingerprint({str(file.relative_to(folder)): of_file(file) for file in files})


def of_file(file: Path) -> str:
    """A file by its content, or by size and time where it is large; empty where it cannot be read."""
    try:
        facts = file.stat()
        return content_of(file, facts.st_size, facts.st_mtime_ns)
    except OSError:
        return ""


@functools.lru_cache(maxsize=2**17)
def content_of(file: Path, size: int, time: int) -> str:
    """The checksum of a file, read once for a size and time. A cache of the hub names large files by their content."""
    if size > SMALL:
        whole = file.resolve()
        return whole.name if whole.parent.name == "blobs" else f"{size} bytes of {time}"
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
