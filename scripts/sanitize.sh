#!/usr/bin/env bash
# The tests under Clang's sanitizers, each in a build of its own: scripts/sanitize.sh [address] [undefined] [thread]
set -euo pipefail
cd "$(dirname "$0")/.."

# Outside the reach of OpenMP and OpenBLAS, whose own synchronisation ThreadSanitizer cannot see and takes for races: all that
# runs no engine. (Caching is tested with an encoder of its own.)
threaded='^(FilesTests|BuffersTests|CheckpointsTests|CorpusTests|FeatureStoreTests|CachingTests|ConsoleTests|RunsTests|PipelinesTests|ReportsTests)\.'

# Leaks: Swift's runtime keeps metadata and lazy globals for good, which LeakSanitizer reports without end.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=0 SWIFT_BACKTRACE=enable=no

sanitizers=("$@")
if ((${#sanitizers[@]} == 0)); then sanitizers=(address undefined thread); fi
for sanitizer in "${sanitizers[@]}"; do
    filter=()
    if [[ $sanitizer == thread ]]; then filter=(--filter "$threaded"); fi
    echo "sanitize: $sanitizer" >&2
    "${SWIFT:-swift}" test --scratch-path ".build-$sanitizer" --sanitize="$sanitizer" "${filter[@]}"
done
