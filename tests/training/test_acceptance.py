from g2tr.training.acceptance import targets
from g2tr.training.validation import Result


def test_targets_and_results_stand_side_by_side() -> None:
    result = Result({"v1 bg": 1.0, "v1 at": 0.98}, {"v1 bg": 0.8}, {"v1 move": 0.5}, 35.2, [])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in targets(result, 23.4).splitlines()[2:]]
    assert rows == [
        ["questions", "at least 98 %", "99.0 %", "yes"],
        ["questions: v1 at", "", "98.0 %", ""],
        ["questions: v1 bg", "", "100.0 %", ""],
        ["questions at half the tokens, random", "at least 85 %", "80.0 %", "no"],
        ["questions at half the tokens, random: v1 bg", "", "80.0 %", ""],
        ["edits", "at least 60 %", "50.0 %", "no"],
        ["edits: v1 move", "", "50.0 %", ""],
        ["autoencoder", "at least 35 dB", "35.20 dB", "yes"],
        ["all files", "at most 24 MB", "23.40 MB", "yes"],
    ]
