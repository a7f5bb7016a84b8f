"""What a judge is told: prompts with placeholders, ours (prompts.yaml) or those of a file."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from g2tr.errors import InputError

DEFAULT_PROMPTS = Path(__file__).with_name("prompts.yaml")


@dataclass(frozen=True)
class Prompts:
    """Texts by the names of inquiries, as `benchmark.inquiry`."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, path: str | None = None) -> "Prompts":
        """Our prompts; those of the file at `path` replace them. Raises `InputError` for a name that nothing asks."""
        ours, other = read(DEFAULT_PROMPTS), read(Path(path)) if path else {}
        if unknown := sorted(set(other) - set(ours)):
            raise InputError(f"{path}: no inquiry is named {unknown[0]}; there are {', '.join(sorted(ours))}")
        return cls(ours | other)

    def fill(self, name: str, words: Mapping[str, str]) -> str:
        """The prompt with its placeholders `{word}` filled; other braces stay, and what is filled in is not read."""
        return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), self.texts[name])

    def hash(self, *names: str) -> str:
        """Twelve hex digits of the unfilled texts, which say which prompt (and labels) a score comes from."""
        return hashlib.sha256("\0".join(self.texts[name] for name in names).encode()).hexdigest()[:12]


def read(path: Path) -> dict[str, str]:
    """The texts of a YAML file: benchmark → inquiry → text. Interpolations in it are text as well."""
    try:
        content = OmegaConf.to_container(OmegaConf.create(path.read_text(encoding="utf-8")), resolve=False)
    except OSError:
        raise InputError(f"{path}: no such file of prompts") from None
    except (ValueError, AttributeError, YAMLError, OmegaConfBaseException):
        raise InputError(f"{path} is no readable YAML file") from None
    groups = content if isinstance(content, dict) else {}
    texts = {
        f"{group!s}.{name!s}": text
        for group, inquiries in groups.items()
        if isinstance(inquiries, dict)
        for name, text in inquiries.items()
    }
    if not texts or not all(isinstance(text, str) for text in texts.values()):
        raise InputError(f"{path}: prompts must be written as benchmark: {{inquiry: text}}")
    return texts
