from collections.abc import Callable

from g2tr.benchmarks.scenes import SceneEdits, SceneQuestions
from g2tr.evaluation.run_folder import Run
from g2tr.report.figures.pictures import sheets, shown_lines
from g2tr.report.tables.section import ModelResults, sections
from tests.report.conftest import HEADLINES

MakeSection = Callable[[], ModelResults]


def test_kept_tokens_are_shown_for_every_reducer_with_its_answer(make_section: MakeSection) -> None:
    ((name, sheet),) = sheets(make_section(), "questions", SceneQuestions(limit=12), 2)
    assert name == "kept"
    assert sheet.columns == ["none", "g2tr 0.5", "random 0.5"]
    assert len(sheet.prompts) == len(sheet.rows) == 2
    full, reduced, _ = sheet.rows[0]
    assert full.text.endswith("✓") and full.right is True
    assert full.image.getpixel((0, 0)) != reduced.image.getpixel((0, 0))


def test_where_tokens_merged_is_shown_when_asked(make_section: MakeSection) -> None:
    found = dict(sheets(make_section(), "questions", SceneQuestions(limit=12), 2, assignment=True))
    assert list(found) == ["kept", "homes"]
    assert [panel.text for panel in found["homes"].rows[0]] == ["256 tokens", "128 tokens", "128 tokens"]


def test_shown_samples_differ_in_category_and_image(make_section: MakeSection) -> None:
    ((_, sheet),) = sheets(make_section(), "questions", SceneQuestions(limit=12), 12)
    assert len({panels[0].image.tobytes() for panels in sheet.rows}) == len(sheet.rows) > 1


def test_edits_stand_beside_input_and_target(make_section: MakeSection) -> None:
    found = dict(sheets(make_section(), "edits", SceneEdits(limit=3), 3))
    assert found["edits"].columns == ["input", "target", "none", "g2tr 0.5", "random 0.5"]
    assert found["edits"].rows[0][2].image.getpixel((0, 0)) == (200, 0, 0)
    assert found["kept"].rows[0][0].image.tobytes() == found["edits"].rows[0][0].image.tobytes()


def test_a_reducer_without_the_common_keep_ratio_shows_its_nearest(make_run: Callable[..., Run]) -> None:
    runs = [make_run("none", 1.0), make_run("a", 0.5), make_run("b", 0.5), make_run("c", 0.25), make_run("c", 0.125)]
    (section,) = sections(runs, HEADLINES)
    assert [(line.label, line.keep) for line in shown_lines(section)] == [
        ("none", 1.0),
        ("a", 0.5),
        ("b", 0.5),
        ("c", 0.25),
    ]


def test_the_unreduced_model_alone_is_not_shown(make_run: Callable[..., Run]) -> None:
    (section,) = sections([make_run("none", 1.0)], HEADLINES)
    assert list(sheets(section, "questions", SceneQuestions(limit=12), 2)) == []
