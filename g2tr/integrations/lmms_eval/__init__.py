"""Reduced models inside lmms-eval, found through its entry points.

    lmms-eval --model g2tr --model_args model=bagel,reducer=g2tr,keep_ratio=0.5 --tasks mme,pope

`model_args` are overrides of conf/evaluate.yaml: `model`, `reducer`, `keep_ratio`, `seed` and any field of these, as
in `model.checkpoint=FOLDER` or `reducer/merge=drop`. Two are ours: `mode`, `understanding` or, for tasks that score an
image (gedit_bench, imgedit, kris_bench), `edit`; and `output_dir`, where edits go.

lmms-eval 0.7.3 wants wandb 0.25.0, and through others protobuf 6, python-dateutil 2 and antlr4 4.9; none of this fits
constraints.txt, so it needs an environment of its own: experiments/lmms_eval/README.md has the recipe.
"""

from typing import Any


def manifest() -> Any:  # noqa: ANN401 - lmms-eval has no types
    """What lmms-eval registers as `--model g2tr`; imports neither torch nor a model."""
    from lmms_eval.models.registry_v2 import ModelManifest

    return ModelManifest("g2tr", simple_class_path="g2tr.integrations.lmms_eval.model.G2TR")
