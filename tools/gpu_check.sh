#!/usr/bin/env bash
# Tests and measurements on one GPU, in less than five minutes, without network: tests first, then measurements,
# whether or not a test failed. `tools/gpu_wheels.sh` fills .whl/ beforehand. Writes results.json and logs to the
# folder $1 (or $OUT). Exit code 1: a test failed; 2: the measurements broke off.
# Rehearsal on a CPU: DEVICE=cpu tools/gpu_check.sh FOLDER
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-${OUT:?name a folder for the results}}
device=${DEVICE:-cuda}
mkdir -p "$out"
out=$(cd "$out" && pwd)
site=$(mktemp -d)
export PYTHONPATH=$PWD:$site PYTHONUNBUFFERED=1 TOKENIZERS_PARALLELISM=false
python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target "$site" .whl/*.whl || exit 3
shapes=()
[ "$device" = cuda ] || shapes=(--tiny --repeats 2)
status=0
tests() { # FOLDER_OR_FILE LOG; after the limit, what has failed so far is still listed
  timeout -s INT -k 5 115 python3 -m pytest -m cuda --device "$device" -W default -p no:cacheprovider --tb=short -rf \
    "$1" > "$out/$2.log" 2>&1
}
tests tests/models tests & models=$!
tests tests/evaluation/test_predict.py runs & runs=$!
for process in $models $runs; do wait "$process" || status=1; done
for log in tests runs; do
  echo "== $log"
  grep -E "^(E  |FAILED|ERROR|!)|[0-9] (passed|failed|error|skipped)" "$out/$log.log" | cut -c1-160 | tail -n 20
done
echo "== measurements"
timeout -k 5 150 python3 -m experiments.gpu.measure --device "$device" "${shapes[@]}" --out "$out" 2>"$out/measure.log"
[ $? = 0 ] || { tail -n 5 "$out/measure.log"; status=$((status + 2)); }
exit "$status"
