#!/usr/bin/env bash
# Runs what needs Python beside Undertone: exports of every family in transformers, peft and ONNX Runtime against `undertone predict`,
# caches in h5py and torch, event files in TensorBoard, and Optuna's search. Makes .venv with what that needs, or takes the interpreter
# that UNDERTONE_PYTHON names.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(scripts/python-environment.sh)

log=build/interop/test.log
mkdir -p "$(dirname "$log")"
suites=(InteropTests ONNXRuntimeTests TensorBoardTests OptunaTests PythonTests)
filter=$(IFS='|'; echo "${suites[*]}")
UNDERTONE_PYTHON=$python ${SWIFT:-swift} test -c release --filter "\\.($filter)/" 2>&1 | tee "$log"
# A filter that matches nothing passes, too, and so does a suite that is skipped.
for suite in "${suites[@]}"; do
    if grep -q "Suite $suite skipped" "$log" || ! grep -q "Suite $suite passed" "$log"; then
        echo "error: the suite $suite was not run, expected it to find its packages with $python; see $log" >&2
        exit 70
    fi
done
