"""Benchmarks: where samples come from and how predictions are graded, one benchmark per file."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.benchmarks.emu_edit import EmuEdit as EmuEdit
    from g2tr.benchmarks.gedit import GEditBench as GEditBench
    from g2tr.benchmarks.generated import GeneratedEdits as GeneratedEdits
    from g2tr.benchmarks.generated import GeneratedQuestions as GeneratedQuestions
    from g2tr.benchmarks.imgedit import ImgEditBench as ImgEditBench
    from g2tr.benchmarks.kris import KRISBench as KRISBench
    from g2tr.benchmarks.magicbrush import MagicBrush as MagicBrush
    from g2tr.benchmarks.mmbench import MMBench as MMBench
    from g2tr.benchmarks.mme import MME as MME
    from g2tr.benchmarks.mmvp import MMVP as MMVP
    from g2tr.benchmarks.own_edits import OwnEdits as OwnEdits
    from g2tr.benchmarks.pope import POPE as POPE
    from g2tr.benchmarks.questions import Questions as Questions
    from g2tr.benchmarks.realworldqa import RealWorldQA as RealWorldQA
    from g2tr.benchmarks.risebench import RISEBench as RISEBench
    from g2tr.benchmarks.scenes import SceneEdits as SceneEdits
    from g2tr.benchmarks.scenes import SceneQuestions as SceneQuestions
    from g2tr.benchmarks.sources.dataset import Dataset as Dataset

EXPORTS = {
    "Dataset": "sources.dataset",
    "EmuEdit": "emu_edit",
    "GEditBench": "gedit",
    "GeneratedEdits": "generated",
    "GeneratedQuestions": "generated",
    "ImgEditBench": "imgedit",
    "KRISBench": "kris",
    "MMBench": "mmbench",
    "MME": "mme",
    "MMVP": "mmvp",
    "MagicBrush": "magicbrush",
    "OwnEdits": "own_edits",
    "POPE": "pope",
    "Questions": "questions",
    "RISEBench": "risebench",
    "RealWorldQA": "realworldqa",
    "SceneEdits": "scenes",
    "SceneQuestions": "scenes",
}
__getattr__ = lazily(__name__, EXPORTS)
