"""Where the configuration files are, and how their nodes become objects."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from g2tr.errors import InputError


def conf_dir() -> Path:
    """The folder of configuration files: beside the package in a checkout, inside it in an installed wheel."""
    package = Path(__file__).parent
    beside = package.parent / "conf"
    return beside if (beside / "evaluate.yaml").is_file() else package / "conf"


def build(node: DictConfig | Mapping[str, Any], **extra: object) -> Any:  # noqa: ANN401 - the node names its type
    """The object that a node with `_target_` describes. Raises `InputError` where it refuses its settings."""
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    try:
        return instantiate(node, _convert_="all", **extra)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, InputError):
            raise cause from None
        raise InputError(f"{node.get('_target_')}: {cause or error}".replace("\n", " ")) from error


def plain(node: DictConfig) -> dict[str, Any]:
    """A node as nested dictionaries, its interpolations resolved."""
    content = OmegaConf.to_container(node, resolve=True)
    assert isinstance(content, dict)
    return {str(key): value for key, value in content.items()}


def read_settings(file: Path) -> dict[str, Any] | None:
    """The settings in a YAML file as they stand; None where it is missing, damaged, or holds something else.

    Interpolations stay text: they could put the reader's environment into a shared folder.
    """
    from yaml import YAMLError

    try:
        content = OmegaConf.load(file)
        if not isinstance(content, DictConfig):
            return None
        settings = OmegaConf.to_container(content, resolve=False)
        assert isinstance(settings, dict)
        return {str(key): value for key, value in settings.items()}
    except (OSError, ValueError, YAMLError, OmegaConfBaseException):
        return None


def fingerprint(config: Mapping[str, Any]) -> str:
    """Twelve hex digits that two equal configurations share."""
    text = json.dumps(config, sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
