#!/usr/bin/env bash
# Collects into .whl/ what a GPU machine without network lacks beside torch, transformers, lightning, pandas,
# pyarrow and pytest; the versions are those of constraints.txt. The machine has Python 3.12 on Linux x86-64.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=(antlr4-python3-runtime beartype diffusers hydra-core omegaconf importlib_metadata)
# Pillow 12 resizes otherwise, by up to two grey levels.
compiled=(pillow)
rm -rf .whl && mkdir .whl
for name in "${wanted[@]}"; do
  pin=$(grep -iE "^$name==" constraints.txt)
  python3 -m pip wheel --quiet --no-deps -c constraints.txt -w .whl "$pin"
done
if ls .whl | grep -v -- '-none-any\.whl$'; then echo "these fit this machine alone" >&2; exit 1; fi
for name in "${compiled[@]}"; do
  python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 -d .whl \
    "$(grep -iE "^$name==" constraints.txt)"
done
du -sh .whl
