import pytest

from g2tr.__main__ import COMMANDS
from g2tr.cli.help import groups, print_help
from g2tr.config import conf_dir


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_and_fields(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_help(command, [])
    text = capsys.readouterr().out
    assert "g2tr" in text and "Fields, each overridable with key=value:" in text and "$" not in text.split("Fields")[0]


def test_fields_are_shown_as_overrides_leave_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_help("evaluate", ["--help", "keep_ratio=0.25", "reducer=fastv"])
    text = capsys.readouterr().out
    assert "keep_ratio: 0.25" in text and "g2tr.reducers.importance.Attention" in text


def test_every_group_is_listed_with_its_choices() -> None:
    lines = dict(line.split(": ", 1) for line in groups(conf_dir()).splitlines())
    assert {"model", "reducer", "reducer/merge", "benchmark", "trainer", "logger", "launcher", "judge"} <= set(lines)
    assert lines["reducer/merge"] == "bipartite, contextual, drop, nearest, spatial, spatial_similar, weighted"
