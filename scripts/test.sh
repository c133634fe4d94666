#!/usr/bin/env bash
# Runs all tests, optimised, and says once more at the end what failed: the list of 700 passed ones hides it.
# Arguments go to `swift test`, e.g. `scripts/test.sh --filter Kernels`.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
log=build/test.log

status=0
"${SWIFT:-swift}" test -c release "$@" 2>&1 | tee "$log" || status=$?
if ((status != 0)); then
    printf '\ntest: failed; the whole output is in %s\n' "$log" >&2
    # What Swift Testing found, with the lines that explain it; what the compiler found, where it came to no test.
    grep -aE -A10 '^✘ .* recorded an issue' "$log" | grep -avE '^(◇|✔)' | head -n 200 >&2 ||
        grep -aE 'error:|Fatal error|unexpected signal' "$log" | head -n 40 >&2 || tail -n 40 "$log" >&2
    exit "$status"
fi
