from g2tr.train.exam import Result
from g2tr.train.targets import targets


def test_targets_and_results_stand_side_by_side() -> None:
    table = targets(Result({"v1 bg": 0.99}, {"v1 move": 0.5}, 35.2, []), megabytes=31.4)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert rows == [
        ["questions: v1 bg", "at least 98 %", "99.0 %", "yes"],
        ["edits: v1 move", "at least 85 %", "50.0 %", "no"],
        ["autoencoder", "at least 35 dB", "35.20 dB", "yes"],
        ["all files", "at most 16 MB", "31.40 MB", "no"],
    ]
