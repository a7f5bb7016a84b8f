#!/usr/bin/env bash
# `g2tr train recipe=embedded` on one GPU without network, in at most $2 seconds (480): a rehearsal of every part on
# the device first, then the training, whose parts end by the clock. `tools/gpu_wheels.sh` fills .whl/ beforehand.
# Exported weights and logs are copied to the folder $1 (or $OUT) every ten seconds, in pieces of 12 MB, so that they
# outlast a machine that is taken away. Exit code 4: the rehearsal failed.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-${OUT:?name a folder for the results}}
seconds=${2:-480}
mkdir -p "$out/weights"
site=$(mktemp -d)
work=$(mktemp -d)
export PYTHONPATH=$PWD:$site PYTHONUNBUFFERED=1 TOKENIZERS_PARALLELISM=false
python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$site" .whl/*.whl || exit 3
train() { python3 -m g2tr train recipe=embedded recipe.check_every=1000000 "$@"; }
keep() {
  for name in ae ema; do
    [ -f "$work"/real/*/export/$name.safetensors ] && [ ! -f "$out/weights/$name.00" ] &&
      split -b 12000000 -d "$work"/real/*/export/$name.safetensors "$out/weights/$name."
  done
  tar czf "$out/logs.tgz" -C "$work/real" --exclude='*.safetensors' --exclude='*.ckpt' . 2>/dev/null
}
start=$SECONDS
timeout 70 bash -c "$(declare -f train); train machine.workers=0 recipe.autoencoder.steps=7 recipe.umm.steps=9 \
  recipe.pictures.pieces=2 recipe.lessons.pieces=2 recipe.lessons.batch=16 recipe.lessons.edit_batch=16 \
  recipe.exam.scenes=1 recipe.exam.edits=1 outputs=$work/dry --debug" > "$out/dry.log" 2>&1 ||
  { tail -n 40 "$out/dry.log"; exit 4; }
echo "rehearsal: $((SECONDS - start)) s"
left=$((seconds - SECONDS - 15))
minutes=$(awk "BEGIN { print ($left - 100) / 60 * 0.8 }")
timeout "$left" bash -c "$(declare -f train); train recipe.autoencoder.minutes=$(awk "BEGIN { print $minutes / 4 }") \
  recipe.umm.minutes=$minutes recipe.exam.scenes=6 recipe.exam.edits=14 outputs=$work/real --debug" \
  > "$out/train.log" 2>&1 & training=$!
while kill -0 $training 2>/dev/null; do sleep 10; keep; done
wait $training
echo "training: exit code $?, $((SECONDS - start)) s"
keep
cut -c1-200 "$work"/real/*/run.log | tail -n 40
tail -n 70 "$out/train.log"
