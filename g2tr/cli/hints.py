"""What a mistyped setting was meant to be."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from g2tr.config import conf_dir

STEP = re.compile(r"reducer/\w+@reducer\.steps\.\w+\.\w+")
CHOICE = re.compile(r"Could not find '([\w/]+)/([\w.-]+)'")
KEY = re.compile(r"Could not override '([^']+)'(?:.* use \+[^=]+=(.*))?")


def hint(message: str, command: str) -> str:
    """A question with the nearest right spelling of what Hydra did not find; empty where nothing is near.

    A stage of a cascade is that of a step, which Hydra lists.
    """
    if steps := STEP.findall(message):
        wanted = message.rpartition("=")[2]
        return f"; did you mean {' or '.join(f'{step}={wanted}' for step in steps)}?"
    if found := CHOICE.search(message):
        group, given, value = found[1], found[2], None
        known = [file.stem for file in (conf_dir() / group).glob("*.yaml")]
    elif found := KEY.search(message):
        group, given, value = None, found[1], found[2]
        known = known_keys(command)
    else:
        return ""
    near = get_close_matches(given, known, n=1)
    meant = f"{group}={near[0]}" if near and group else f"{near[0]}={value or '…'}" if near else ""
    return f"; did you mean {meant}?" if meant else ""


def known_keys(command: str) -> list[str]:
    """Every key and group that a command takes."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        keys = set(dotted(OmegaConf.to_container(compose(command), resolve=False)))
    return sorted(keys | {str(file.parent.relative_to(conf_dir())) for file in conf_dir().glob("*/**/*.yaml")})


def dotted(value: object, prefix: str = "") -> Iterator[str]:
    """The keys of nested mappings, joined by dots."""
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        yield f"{prefix}{key}"
        yield from dotted(inner, f"{prefix}{key}.")
