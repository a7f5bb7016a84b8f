"""POPE: is a certain object in the image? Asked about objects drawn at random, popular ones and adversarial ones."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from PIL import Image

from g2tr.benchmarks.sample import Grades, Sample
from g2tr.benchmarks.sources.dataset import Columns, Entry
from g2tr.benchmarks.sources.dataset import entry as entry_of
from g2tr.benchmarks.sources.jsonl import stream_lines
from g2tr.benchmarks.toolkits import Question, Rules, short_answer, unchanged
from g2tr.benchmarks.understanding import Graded, Understanding, counts, mean
from g2tr.errors import InputError
from g2tr.metrics.detection import detection_scores
from g2tr.metrics.ratios import Share
from g2tr.metrics.yes_no import bagel_pope, is_unclear, lmms_eval_pope, vlmevalkit

COLUMNS: Columns = {
    "question_id": ("question_id", "index", "id"),
    "question": ("question", "text"),
    "answer": ("answer", "label"),
}
OPTIONAL: Columns = {"category": ("category",), "source": ("image_source", "image_path")}
IMAGES = ("val2014", "images", ".")
EVERYTHING = "all"
SCORES = ("f1", "accuracy", "precision", "recall", "yes_ratio")


@dataclass(frozen=True)
class POPE(Understanding):
    """`f1`, "yes" being positive: over all rows together, but for BAGEL the mean of the splits; and of each split.

    A row may belong to several splits (VLMEvalKit's TSV). An answer that is not "yes" is no false alarm, and misses
    an object that is there; but lmms_eval leaves answers other than "no" out of its recall. `yes_ratio` is that of
    the answers (lmms-eval's is that of the labels). BAGEL reads whatever has no "no" as "yes". Reads the hub's
    parquet, VLMEvalKit's TSV, JSONL, and the official coco_pope_*.json with a folder of images. VLMEvalKit leaves
    the length of answers to the model.
    """

    headline: ClassVar[tuple[str, ...]] = ("f1", "accuracy", "yes_ratio")
    protocols: ClassVar[Mapping[str, Rules]] = {
        "bagel": Rules(short_answer, 100, bagel_pope),
        "lmms_eval": Rules(short_answer, 128, lmms_eval_pope),
        "vlmevalkit": Rules(unchanged, 128, vlmevalkit),
    }

    def load(self) -> Iterable[Sample]:
        place = self.dataset.place()
        files = sorted({*place.glob("coco_pope_*.json"), *place.glob("coco/coco_pope_*.json")})
        entries = official(place, files) if files else self.dataset.entries(place, COLUMNS, OPTIONAL)
        return [self.sample(entry) for entry in entries]

    def sample(self, entry: Entry) -> Sample:
        """One question; questions about one image are one cluster."""
        category, answer = entry.texts.get("category", EVERYTHING), entry["answer"].strip().lower()
        if answer not in ("yes", "no"):
            raise InputError(f"{entry.place}: answer must be yes or no, got {entry['answer']!r}")
        source = entry.texts.get("source", entry.image.key)
        return Sample(
            f"{category}:{entry['question_id']}",
            (entry.image,),
            self.rules.prompt(Question(entry["question"])),
            answer,
            category,
            facts={"question_id": entry["question_id"]},
            cluster=source,
        )

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        answer = self.scored_part(str(prediction))
        said = self.read(answer, sample) if answer.strip() else None
        return {**super().grade(sample, prediction), "yes": float(said == "yes")}

    def is_guess(self, answer: str) -> bool:
        return is_unclear(answer)

    def summarise(self, graded: Graded) -> dict[str, float]:
        each = {name: self.split_scores(members) for name, members in sorted(splits_of(graded).items())}
        means = {score: fmean(scores[score] for scores in each.values()) for score in SCORES}
        pooled = means if self.protocol == "bagel" else self.split_scores(graded)
        single = {f"{score}/{name}": value for name, scores in each.items() for score, value in scores.items()}
        return pooled | single | counts(graded)

    def split_scores(self, graded: Graded) -> dict[str, float]:
        """Accuracy, F1, precision, recall and yes-ratio of one split."""
        claimed = sum(grades["yes"] for _, grades in graded)
        present = [grades for sample, grades in graded if sample.target == "yes"]
        found = sum(grades["yes"] for grades in present)
        unclear = sum(grades["unparsed"] + grades["empty"] for grades in present)
        left_out = unclear if self.protocol == "lmms_eval" else 0.0
        scores = {"accuracy": mean(graded, "accuracy"), "yes_ratio": mean(graded, "yes")}
        return detection_scores(float(found), float(claimed), float(len(present) - left_out)) | scores

    @staticmethod
    def shares(graded: Graded, protocol: str) -> list[Share]:
        """Of `f1`, which is twice the objects found over those claimed and those present."""
        splits = splits_of(graded) if protocol == "bagel" else {"": graded}
        return [f1_share(*pair, name, len(splits), protocol) for name, own in splits.items() for pair in own]


def splits_of(graded: Graded) -> dict[str, Graded]:
    """The samples of each split, by name; one may be in several."""
    splits: dict[str, list[tuple[Sample, Grades]]] = {}
    for pair in graded:
        for name in re.split(r"\s*,\s*", pair[0].category):
            splits.setdefault(name, []).append(pair)
    return {**splits}


def f1_share(sample: Sample, grades: Grades, split: str, splits: int, protocol: str) -> Share:
    """What one answer adds to the F1 of a split, which is one of `splits`."""
    said, present = grades["yes"], float(sample.target == "yes")
    left_out = grades["unparsed"] + grades["empty"] if protocol == "lmms_eval" else 0.0
    return Share(sample.cluster, split, 2 * said * present / splits, said + present * (1 - left_out))


def official(place: Path, files: Iterable[Path]) -> Iterator[Entry]:
    """Rows of coco_pope_SPLIT.json, whose images lie in val2014, in images, or beside the files."""
    folder = next(name for name in IMAGES if (place / name).is_dir())
    for file in files:
        category = file.stem.removeprefix("coco_pope_")
        for number, row in enumerate(stream_lines(file), 1):
            name = str(row.get("image"))
            cells = {**row, "image": f"{folder}/{name}", "category": category, "image_source": name}
            yield entry_of(cells, COLUMNS, OPTIONAL, place, f"{file}, line {number}")
