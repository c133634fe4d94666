#!/usr/bin/env bash
# Measures both stages against transformers and torch on this machine, side by side in one sitting, and writes
# Benchmarks/results/<date>-<processor>.md and .json. Arguments go to Benchmarks/bench.py, e.g. `--repetitions 5`.
# Needs the programs built in release (`make bench` sees to it) and nothing else running.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "$(scripts/python-environment.sh)" Benchmarks/bench.py "$@"
