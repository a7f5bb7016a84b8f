import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from g2tr.integrations.lmms_eval import manifest

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_entry_point_leads_to_the_manifest_and_it_to_the_class(lmms_eval: None) -> None:
    module, function = PROJECT["entry-points"]["lmms_eval.models"]["g2tr"].split(":")
    assert getattr(import_module(module), function) is manifest
    path = manifest().simple_class_path
    module, name = path.rsplit(".", 1)
    assert issubclass(getattr(import_module(module), name), import_module("lmms_eval.api.model").lmms)
    assert (manifest().model_id, manifest().chat_class_path) == ("g2tr", None)


def test_the_entry_point_is_found_without_loading_torch_or_lmms_eval() -> None:
    heavy = "('torch', 'hydra', 'lmms_eval')"
    code = f"import sys, g2tr.integrations.lmms_eval; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
