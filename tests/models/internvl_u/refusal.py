"""How a checkpoint that cannot be loaded is refused."""

from pathlib import Path

import pytest

from g2tr.errors import InputError
from g2tr.models.internvl_u.load import load_internvl_u


def refusal(checkpoint: Path | str, **settings: object) -> str:
    """The one line with which loading is refused."""
    with pytest.raises(InputError) as caught:
        load_internvl_u(str(checkpoint), **{"dtype": "float32", **settings})
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message
