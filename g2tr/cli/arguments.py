"""What stands on the command line, as Hydra wants it: flags first, and values that are no expressions as text."""

import json
import re
import sys
from collections.abc import Mapping, Sequence

from g2tr.errors import InputError

VALUED = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn", "--package", "-p", "--cfg", "-c")
SINGLE = ("model", "reducer", "logger", "trainer", "launcher", "judge", "recipe")


def ordered(arguments: Sequence[str]) -> list[str]:
    """Flags and what belongs to them, then settings: a parser loses the settings that stand behind a flag."""
    before = ("", *arguments)
    settings = [word for last, word in zip(before, arguments, strict=False) if is_setting(word) and last not in VALUED]
    flags = [w for last, w in zip(before, arguments, strict=False) if not (is_setting(w) and last not in VALUED)]
    return [*flags, *map(readable, settings)]


def is_setting(word: str) -> bool:
    """Whether a word is an override, not a flag or its value."""
    return word.startswith(("+", "~")) or ("=" in word and not word.startswith("-"))


def readable(setting: str) -> str:
    """The setting, its value quoted where Hydra cannot read it otherwise, such as a path with an equals sign.

    Raises `InputError` for a list where one choice is wanted.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    key, _, value = setting.partition("=")
    if key.lstrip("+") in SINGLE and value.startswith("["):
        raise InputError(f"{key} takes one choice, got {setting}; for one run of each: g2tr -m {key}=A,B")
    parser = OverridesParser.create()
    quoted = key + "='" + re.sub(r"(\\*)'", r"\1\1\\'", value) + "'"
    for text in (setting, quoted):
        try:
            parser.parse_override(text)
        except HydraException:
            continue
        return text
    return setting


def with_paths(arguments: Sequence[str]) -> list[str]:
    """Folders that are given by name alone become the list `paths`."""
    before = ("", *arguments)
    folders = [
        word
        for last, word in zip(before, arguments, strict=False)
        if not is_setting(word) and not word.startswith("-") and last not in VALUED
    ]
    rest = [argument for argument in arguments if argument not in folders]
    return [f"paths={json.dumps(folders, ensure_ascii=False)}", *rest] if folders else rest


def require_settings(arguments: Sequence[str], commands: Mapping[str, object]) -> list[str]:
    """The arguments of an evaluation. Ends with one line for a word that is neither a command nor a setting."""
    if arguments and not arguments[0].startswith(("-", "+", "~")) and "=" not in arguments[0]:
        sys.exit(f"g2tr: unknown command {arguments[0]!r}; there are {', '.join(commands)}, or settings as key=value")
    return list(arguments)


def config_folder(arguments: Sequence[str]) -> str | None:
    """The folder of the user's own configuration, from `--config-dir`."""
    for last, word in zip(("", *arguments), arguments, strict=False):
        if last in ("--config-dir", "-cd"):
            return word
        if word.startswith("--config-dir="):
            return word.partition("=")[2]
    return None
