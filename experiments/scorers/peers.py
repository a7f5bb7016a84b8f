"""Runs scoring functions of toolkits from their checkouts, in a process of its own: cases come and go as JSON.

`python peers.py FOLDER` reads {rule: [arguments, ...]} and writes {rule: [result, ...]} for the rules whose checkout is
in FOLDER, under the name of its repository. Nothing of theirs is stored here: a file is read statement by statement,
and what needs a package that is not installed is left out; the scoring functions need none.
"""

import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rule = Callable[..., Any]


def names_of(file: Path, known: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a file defines, without running its command line."""
    names: dict[str, Any] = {"__name__": "peer", "__file__": str(file), **(known or {})}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        try:
            exec(compile(ast.Module([statement], []), str(file), "exec"), names)
        except (ImportError, NameError, AttributeError, SystemExit):
            continue
    return names


def lmms_eval(root: Path) -> dict[str, Rule]:
    """Letters of RealWorldQA and of MMBench without a judge, yes or no of MME and POPE, blocks of reasoning."""
    tasks = root / "lmms_eval/tasks"
    extract = names_of(tasks / "_task_utils/mcq_extract.py")["extract_mcq_answer"]
    evaluator = names_of(tasks / "mmbench/mmbench_evals.py", {"eval_logger": Silent()})["MMBench_Evaluator"]()
    mme = names_of(tasks / "mme/utils.py")["parse_pred_ans"]
    strip = names_of(root / "lmms_eval/api/reasoning.py")["strip_reasoning_tags"]
    pope = names_of(tasks / "pope/utils.py")["pope_process_results"]

    def static(answer: str, options: dict[str, str]) -> object:
        return evaluator.can_infer(answer, dict(options)) or extract(answer, choices=sorted(options))

    def said(answer: str) -> object:
        found = pope({"answer": "yes", "question_id": 0}, [answer])["pope_accuracy"]["prediction"]
        return found if found in ("yes", "no") else None

    return {
        "realworldqa lmms_eval": lambda answer, options: extract(answer, choices=["A", "B", "C", "D"]),
        "mmbench lmms_eval": static,
        "mme lmms_eval": lambda answer: mme(answer) if mme(answer) != "other" else None,
        "pope lmms_eval": said,
        "reasoning lmms_eval": lambda text: strip(text, [["<think>", "</think>"], ["<analysis>", "</analysis>"]]),
    }


def vlmevalkit(root: Path) -> dict[str, Rule]:
    """Letters of multiple choice, and yes or no."""
    infer = names_of(root / "vlmeval/utils/matching_util.py")["can_infer"]
    punctuation = names_of(root / "vlmeval/smp/misc.py")["process_punctuation"]
    extract = names_of(root / "vlmeval/dataset/utils/yorn.py", {"process_punctuation": punctuation})["YOrN_Extraction"]
    words = {"Yes": "yes", "No": "no"}

    def letter(answer: str, options: dict[str, str]) -> object:
        found = infer(answer, dict(options))
        return found if found in options else None

    return {"choice vlmevalkit": letter, "yes_no vlmevalkit": lambda answer: words.get(extract(answer))}


def bagel(root: Path) -> dict[str, Rule]:
    """Replies of judges for ImgEdit and KRIS-Bench."""
    average = names_of(root / "eval/gen/imgedit/step1_get_avgscore.py")["extract_scores_and_average"]
    kris = names_of(root / "eval/gen/kris/metrics_common.py")
    return {
        "imgedit reply": average,
        "kris reply": lambda reply: kris["extract_consistency_score_and_reason"](reply)[0],
    }


def risebench(root: Path) -> dict[str, Rule]:
    """Replies of judges for RISEBench."""
    extract = names_of(root / "gpt_eval.py")["extract"]
    return {"risebench reply": lambda reply: (extract(reply) or [None])[0]}


class Silent:
    """A logger that says nothing."""

    def info(self, message: str) -> None:
        """Nothing."""


PEERS = {"lmms-eval": lmms_eval, "VLMEvalKit": vlmevalkit, "Bagel": bagel, "RISEBench": risebench}


def rules(folder: Path) -> dict[str, Rule]:
    """The rules of all checkouts in a folder."""
    found: dict[str, Rule] = {}
    for name, read in PEERS.items():
        found |= read(folder / name) if (folder / name).is_dir() else {}
    return found


def main(folder: Path) -> None:
    """Standard input to standard output."""
    cases, output = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr
    known = rules(folder)
    results = {name: [known[name](*each) for each in given] for name, given in cases.items() if name in known}
    json.dump(results, output)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
