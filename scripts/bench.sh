#!/usr/bin/env bash
# Measures Undertone on this machine, and writes a dated result into Benchmarks/results/.
#   scripts/bench.sh            against the machine's limits; needs Python's standard library only
#   scripts/bench.sh peers      against transformers, torch, ONNX Runtime and h5py, in turn
#   scripts/bench.sh compare    the newest results with those of before; measures nothing
# Arguments after that go to Benchmarks/bench.py, bench_peers.py or bench_compare.py, e.g. `--quick` or `--only stages,reading`.
# Needs the programs built in release (`make bench` sees to it) and nothing else running.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE=1

what=own
case ${1:-} in
own | peers | compare)
    what=$1
    shift
    ;;
esac

if [[ $what == peers ]]; then
    exec "$(scripts/python-environment.sh)" Benchmarks/bench_peers.py "$@"
fi
python=${UNDERTONE_PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo "error: $python is not there or older than Python 3.10, which the benchmarks are written in. Install python3, or set" \
        "UNDERTONE_PYTHON to an interpreter" >&2
    exit 66
fi
case $what in
own) exec "$python" Benchmarks/bench.py "$@" ;;
compare) exec "$python" Benchmarks/bench_compare.py "$@" ;;
esac
