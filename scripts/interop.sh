#!/usr/bin/env bash
# Exports models of every family and compares what transformers, peft and ONNX Runtime make of them with `undertone predict`; trains
# a head in torch from a cache. Makes .venv with what that needs, or takes the interpreter that UNDERTONE_PYTHON names.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(scripts/python-environment.sh)

log=build/interop/test.log
mkdir -p "$(dirname "$log")"
UNDERTONE_PYTHON=$python ${SWIFT:-swift} test -c release --filter 'InteropTests|ExportsTests' 2>&1 | tee "$log"
# A filter that matches nothing passes, too, and so does a suite that is skipped.
if grep -q 'Suite InteropTests skipped' "$log" || ! grep -q 'Suite InteropTests passed' "$log"; then
    echo "error: the suite InteropTests was not run, expected it to find its packages with $python; see $log" >&2
    exit 70
fi
