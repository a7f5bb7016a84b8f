"""MME: yes or no, two questions about each image, in fourteen categories."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import ClassVar

from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.dataset import Columns, Entry
from g2tr.benchmarks.toolkits import SINGLE, Question, Rules, unchanged
from g2tr.benchmarks.understanding import Graded, Understanding, by_category, clusters_right, counts, sized
from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.metrics.ratios import Share
from g2tr.metrics.yes_no import bagel_mme, is_unclear, lmms_eval_mme, vlmevalkit

PERCEPTION = ["existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR"]
COGNITION = ["commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"]
COLUMNS: Columns = {
    "question_id": ("question_id", "image_path"),
    "question": ("question",),
    "answer": ("answer",),
    "category": ("category",),
}
WISH = " Please answer yes or no."


def bagel_prompt(question: Question) -> str:
    """The question with its own wish for yes or no, a space, and the wish for a single word."""
    return f"{question.text.strip()} {SINGLE}"


def lmms_eval_prompt(question: Question) -> str:
    """The wish for yes or no gives way to a line with the wish for a single word."""
    return f"{question.text.strip().replace(WISH, '')}\n{SINGLE}"


@dataclass(frozen=True)
class MME(Understanding):
    """Score of a category = acc + acc+, each x 100; acc+ counts images with both answers right (benchmarks.md §3).

    `perception` sums ten categories (at most 2000), `cognition` four (800), `total` is what BAGEL's README calls
    2388. Reads the hub's parquet, VLMEvalKit's TSV, JSONL, and the official folders. VLMEvalKit leaves the length
    of answers to the model.
    """

    headline: ClassVar[tuple[str, ...]] = ("total", "perception", "cognition")
    protocols: ClassVar[Mapping[str, Rules]] = {
        "bagel": Rules(bagel_prompt, 20, bagel_mme),
        "lmms_eval": Rules(lmms_eval_prompt, 16, lmms_eval_mme),
        "vlmevalkit": Rules(unchanged, 128, vlmevalkit),
    }

    def load(self) -> Iterable[Sample]:
        place = self.dataset.place()
        entries = official(place) if folders(place) else self.dataset.entries(place, COLUMNS, {})
        samples, seen = [], Counter[str]()
        for entry in entries:
            pair = f"{entry['category']}:{entry['question_id']}"
            seen[pair] += 1
            samples.append(self.sample(entry, pair, seen[pair]))
        for pair, count in seen.items():
            if count != 2:
                raise InputError(f"{place}: every image of MME has two questions, {pair} has {count}")
        return sized(samples)

    def sample(self, entry: Entry, pair: str, number: int) -> Sample:
        """One question; the two of an image are one cluster."""
        category, answer = entry["category"], entry["answer"].strip().lower().rstrip(".")
        if answer not in ("yes", "no"):
            raise InputError(f"{entry.place}: answer must be Yes or No, got {entry['answer']!r}")
        if category not in (*PERCEPTION, *COGNITION):
            raise InputError(f"{entry.place}: MME has no category {category!r}")
        prompt = self.rules.prompt(Question(entry["question"]))
        facts = {"question_id": entry["question_id"]}
        return Sample(f"{pair}:{number}", (entry.image,), prompt, answer, category, facts=facts, cluster=pair)

    def is_guess(self, answer: str) -> bool:
        return is_unclear(answer)

    def summarise(self, graded: Graded) -> dict[str, float]:
        scores = {}
        for category, members in by_category(graded).items():
            pairs = clusters_right(members)
            scores[f"acc/{category}"] = 100 * sum(grades["accuracy"] for _, grades in members) / (2 * len(pairs))
            scores[f"acc+/{category}"] = 100 * sum(pairs.values()) / len(pairs)
        perception, cognition = (
            sum(score for name, score in scores.items() if name.split("/")[1] in group)
            for group in (PERCEPTION, COGNITION)
        )
        sums = {"total": perception + cognition, "perception": perception, "cognition": cognition}
        return sums | scores | counts(graded)

    @staticmethod
    def shares(graded: Graded, protocol: str) -> list[Share]:
        """Of `total`: a pair gives its category 50 for each right answer, and 100 more for both."""
        rights = Counter[tuple[str, str]]()
        for sample, grades in graded:
            rights[sample.cluster, sample.category] += int(grades["accuracy"])
        points = (0.0, 50.0, 200.0)
        return [Share(pair, category, points[count], 1.0) for (pair, category), count in rights.items()]


def folders(place: Path) -> list[Path]:
    """The category folders of the official release."""
    return [place / name for name in (*PERCEPTION, *COGNITION) if (place / name).is_dir()]


def official(place: Path) -> Iterator[Entry]:
    """Category folders with, for each image, a text file of the same stem: a question, a tab and an answer per line.

    Images lie beside the texts, or in `images` where the texts are in `questions_answers_YN`. A line ends at a line
    feed alone: other breaks (a lone carriage return, U+2028) are part of a question.
    """
    for folder in folders(place):
        for file in sorted(folder.glob("*.txt")) + sorted((folder / "questions_answers_YN").glob("*.txt")):
            pictures = [path for path in folder.rglob(f"{escape(file.stem)}.*") if path.suffix != ".txt"]
            image = ImageSource(pictures[0] if pictures else folder / f"{file.stem}.png")
            lines = file.read_bytes().decode("utf-8-sig", "replace").split("\n")
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield official_entry(line, folder.name, file, image, number)


def official_entry(line: str, category: str, file: Path, image: ImageSource, number: int) -> Entry:
    """One line of an official text file."""
    question, tab, answer = line.partition("\t")
    if not tab:
        raise InputError(f"{file}, line {number}: wanted a question, a tab and an answer")
    texts = {"question_id": file.stem, "question": question, "answer": answer, "category": category}
    return Entry(texts, image, f"{file}, line {number}")
