"""What `--help` prints: Hydra's template, filled without reading every file of the configuration."""

import string
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, flag_override

from g2tr.config import conf_dir


def print_help(command: str, overrides: Sequence[str]) -> None:
    """Prints the help of a command with its fields, as the overrides leave them."""
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        cfg = compose(command, [word for word in overrides if "=" in word], return_hydra_config=True)
    template = string.Template(cfg.hydra.help.template)
    with flag_override(cfg, ["struct", "readonly"], [False, False]):
        del cfg["hydra"]
    sys.stdout.write(template.substitute(APP_CONFIG_GROUPS=groups(conf_dir()), CONFIG=OmegaConf.to_yaml(cfg)))


def groups(folder: Path) -> str:
    """Every group with its choices, a line each."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.glob("*/**/*.yaml")):
        found.setdefault(str(file.parent.relative_to(folder)), []).append(file.stem)
    return "\n".join(f"{name}: {', '.join(found[name])}" for name in sorted(found)) + "\n"
