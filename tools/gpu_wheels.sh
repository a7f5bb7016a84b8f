#!/usr/bin/env bash
# Collects into .whl/ what a GPU machine without network lacks beside torch, transformers, lightning, pandas,
# pyarrow and pytest; the versions are those of constraints.txt. The machine has Python 3.12 on Linux x86-64.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=(antlr4-python3-runtime beartype diffusers hydra-core omegaconf importlib_metadata)
rm -rf .whl && mkdir .whl
for name in "${wanted[@]}"; do
  pin=$(grep -iE "^$name==" constraints.txt)
  python3 -m pip wheel --quiet --no-deps -c constraints.txt -w .whl "$pin"
done
if ls .whl | grep -v -- '-none-any\.whl$'; then echo "these fit this machine alone" >&2; exit 1; fi
du -sh .whl
