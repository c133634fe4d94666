#!/usr/bin/env bash
# Compares Undertone with Hugging Face transformers, element by element, at the true size of every family.
# Arguments go to Tests/Parity/stage_one.py, e.g. `scripts/parity.sh --family wavlm-base` for stage one of that alone, or
# `scripts/parity.sh --recordings folder-of-wav-files`.
# Needs the programs built in release (`make parity` sees to it), some 4 GB under build/parity and 6 GB of memory.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(scripts/python-environment.sh)

echo "parity: the comparators themselves, on fabricated caches"
"$python" -m unittest discover --start-directory Tests/Parity --quiet
echo "parity: the committed goldens, made again"
"$python" Tests/Goldens/make_goldens.py --check
echo "parity: stage one"
"$python" Tests/Parity/stage_one.py "$@"
echo "parity: stage two"
"$python" Tests/Parity/stage_two.py
log=build/parity/stage-two/test.log
UNDERTONE_PARITY_DIR=$PWD/build/parity/stage-two swift test -c release --filter StageTwoGolden 2>&1 | tee "$log"
# A filter that matches nothing passes, too.
if ! grep -qE 'Test run with [1-9][0-9]* tests?' "$log"; then
    echo "error: no test named StageTwoGolden was run, expected the golden suite of stage two; see $log" >&2
    exit 70
fi
echo "parity: loss curves of whole runs"
"$python" Tests/Parity/curves.py
echo "parity: all agrees"
