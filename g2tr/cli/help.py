"""What `--help` prints: Hydra's template, filled without reading every file of the configuration."""

import string
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, flag_override

from g2tr.cli.arguments import config_folder, is_setting
from g2tr.config import conf_dir


def print_help(command: str, overrides: Sequence[str]) -> None:
    """Prints the help of a command with its fields, as the overrides leave them."""
    own = config_folder(overrides)
    words = [word for word in overrides if is_setting(word) and word != own]
    words += [f"hydra.searchpath=['file://{Path(own).resolve()}']"] if own else []
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        cfg = compose(command, words, return_hydra_config=True)
    template = string.Template(cfg.hydra.help.template)
    with flag_override(cfg, ["struct", "readonly"], [False, False]):
        del cfg["hydra"]
    listed = groups(conf_dir(), *([Path(own)] if own else []))
    sys.stdout.write(template.substitute(APP_CONFIG_GROUPS=listed, CONFIG=OmegaConf.to_yaml(cfg)))


def groups(*folders: Path) -> str:
    """Every group with its choices, a line each; the user's own folder adds to ours."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/**/*.yaml")):
            found.setdefault(str(file.parent.relative_to(folder)), []).append(file.stem)
    return "\n".join(f"{name}: {', '.join(found[name])}" for name in sorted(found)) + "\n"
