import time
from inspect import signature

import pytest

from g2tr.models.bagel.model import Bagel
from g2tr.models.base import Model
from g2tr.models.engine.clock import PhaseTimer


def test_a_phase_adds_up_its_time_even_when_it_fails() -> None:
    clock = PhaseTimer()
    with clock.phase("prefill"):
        time.sleep(0.01)
    first = clock.seconds["prefill"]
    with pytest.raises(KeyError), clock.phase("prefill"):
        time.sleep(0.01)
        raise KeyError
    assert 0.01 <= first < first + 0.01 <= clock.seconds["prefill"]
    assert set(clock.seconds) == {"prefill"}


@pytest.mark.parametrize("name", ["encode", "answers", "edit", "vae_flops"])
def test_bagel_has_the_methods_of_the_contract(name: str) -> None:
    wanted = signature(getattr(Model, name)).parameters
    found = signature(getattr(Bagel, name)).parameters
    assert list(found) == list(wanted)
    assert {key: found[key].annotation for key in wanted} == {key: wanted[key].annotation for key in wanted}
