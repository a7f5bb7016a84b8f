from collections.abc import Callable

import pytest
from omegaconf import DictConfig

from g2tr.cli.evaluate import refuse_nested_processes
from g2tr.errors import InputError

Compose = Callable[..., DictConfig]


def test_a_sweep_of_jobs_with_processes_of_their_own_is_refused(compose: Compose) -> None:
    with pytest.raises(InputError, match="trainer.devices=2"):
        refuse_nested_processes(compose("trainer=ddp"), in_sweep=True)


def test_one_job_with_processes_and_sweeps_of_single_processes_run(compose: Compose) -> None:
    refuse_nested_processes(compose("trainer=ddp"), in_sweep=False)
    refuse_nested_processes(compose("trainer=cpu"), in_sweep=True)


def test_a_sweep_under_slurm_runs(compose: Compose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_NTASKS", "2")
    refuse_nested_processes(compose("trainer=ddp"), in_sweep=True)
