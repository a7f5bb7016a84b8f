"""The table at the end of a sweep."""

from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class Comparison(Callback):
    """Collects the runs of all jobs of a sweep and prints them side by side when it ends."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:  # noqa: ANN401
        if job_return.status == JobStatus.COMPLETED and isinstance(job_return.return_value, list):
            self.runs |= {str(run.folder.path): run for run in job_return.return_value}

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:  # noqa: ANN401
        if self.runs:
            from g2tr.report.tables.table import print_comparison

            print_comparison(list(self.runs.values()))
        elif not config.hydra.launcher._target_.endswith("BasicLauncher"):
            print(f"The jobs ran in other processes; side by side: g2tr report {config.outputs}")
