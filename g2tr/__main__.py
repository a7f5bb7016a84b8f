"""The command line: `g2tr` evaluates; `g2tr merge`, `profile`, `report`, `score`, `train`. Starts without torch."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from g2tr.cli.arguments import ordered, require_settings, with_paths
from g2tr.cli.help import print_help
from g2tr.cli.hints import hint
from g2tr.cli.terminal import plain_streams
from g2tr.config import conf_dir
from g2tr.errors import InputError, OutputError, Stopped
from g2tr.models.kept import KeptModel

FIRST_LOOK = "experiment=first_look"
KEPT = "what was predicted is kept, and the same command goes on from there"


def run_evaluate(cfg: DictConfig, kept: KeptModel | None = None) -> Any:  # noqa: ANN401 - Hydra passes it on to callbacks
    """Evaluates; returns the runs for the comparison table. `kept` serves the next job of a sweep."""
    if sys.stderr.isatty():
        names = ", ".join(map(str, cfg.benchmark))
        sys.stderr.write(f"g2tr: loading {cfg.model.name}, {cfg.reducer.name} and {names} …\n")
    from g2tr.cli.evaluate import session

    return session(cfg, kept or KeptModel())


def run_profile(cfg: DictConfig) -> None:
    """Times the stages of a reducer."""
    from g2tr.cli.profile import profile

    profile(cfg)


def run_report(cfg: DictConfig) -> None:
    """Turns run folders into tables, figures and one page."""
    from g2tr.cli.report import report

    report(cfg)


def run_score(cfg: DictConfig) -> None:
    """Scores saved predictions: answers by rule, edits by a judge; or writes edits as a benchmark's scripts expect."""
    from g2tr.cli.judge import export, judge
    from g2tr.cli.score import rescore

    action = judge if cfg.get("judge") else rescore if cfg.export is None else export
    action(cfg)


def run_train(cfg: DictConfig) -> None:
    """Trains the embedded model from nothing."""
    from g2tr.cli.train import train

    train(cfg)


def run_merge(cfg: DictConfig) -> None:
    """Puts together what shards have predicted."""
    from g2tr.cli.merge_shards import merge

    merge(cfg)


COMMANDS: dict[str, Callable[[DictConfig], Any]] = {
    "evaluate": run_evaluate,
    "merge": run_merge,
    "profile": run_profile,
    "report": run_report,
    "score": run_score,
    "train": run_train,
}


def main() -> None:
    """Dispatches to a command; bad input ends with one line and exit code 1, `--debug` shows the traceback."""
    plain_streams()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    command = arguments.pop(0) if arguments and arguments[0] in COMMANDS else "evaluate"
    if command == "evaluate":
        arguments = require_settings(arguments, COMMANDS) or [FIRST_LOOK]
    if command in ("merge", "report", "score"):
        arguments = with_paths(arguments)
    # Hydra prints its own reports of errors unless it is told to raise them.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    chosen = partial(run_evaluate, kept=KeptModel()) if command == "evaluate" else COMMANDS[command]
    task = Task(chosen, debug)
    try:
        sys.argv[1:] = arguments = ordered(arguments)
        if {"--help", "-h"} & set(arguments):
            print_help(command, arguments)
        else:
            hydra.main(config_path=str(conf_dir()), config_name=command, version_base="1.3")(task.run)()
    except KeyboardInterrupt:
        sys.stderr.write(f"g2tr: interrupted; {KEPT}\n")
        sys.exit(128 + signal.SIGINT)
    except Stopped as stopped:
        sys.stderr.write(f"g2tr: {stopped}\n")
        sys.exit(128 + stopped.signal)
    except Exception as error:
        if debug:
            raise
        said = explain(error)
        sys.exit(f"g2tr: {said}{hint(said, command)}")
    sys.exit(1 if task.failed else 0)


class Task:
    """A command that says in one line why a job failed, and lets the other jobs of a sweep go on."""

    def __init__(self, command: Callable[[DictConfig], Any], debug: bool) -> None:
        self.command = command
        self.debug = debug
        self.failed = False

    def run(self, cfg: DictConfig) -> Any:  # noqa: ANN401 - Hydra passes it on to callbacks
        """One job. Only this process can see `failed`, so jobs of other launchers raise instead.

        Strategies of the user's own may lie in the working directory, which comes last on the path.
        """
        if (here := str(Path.cwd())) not in sys.path:
            sys.path.append(here)
        try:
            return self.command(cfg)
        except Exception as error:
            if self.debug or not HydraConfig.get().launcher._target_.endswith("BasicLauncher"):
                raise
            self.failed = True
            sys.stderr.write(f"g2tr: {explain(error)}\n")
            return None


def explain(error: Exception) -> str:
    """One line for the user."""
    text = " ".join(str(error).split()).split(" Config search path")[0] or "no message"
    if isinstance(error, InputError | OutputError | HydraException | OmegaConfBaseException):
        return text
    return f"unexpected {type(error).__name__}: {text} (add --debug for the traceback)"


if __name__ == "__main__":
    main()
