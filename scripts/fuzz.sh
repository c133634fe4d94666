#!/usr/bin/env bash
# Fuzzes the readers of files that come from elsewhere, one after another, each for so many seconds, and fails on a finding:
# a crash, a hang (10 s on one input), more than 2 GB of memory, or a broken promise of the reader.
#
#   scripts/fuzz.sh [--seconds N] [target …]       the targets are the folders Fuzz/Sources/fuzz-*
#
# Sound inputs to start from are the tests' fixtures and Fuzz/Corpora; what a run learns stays in .build-fuzz/learnt.
# A finding is fixed in the reader, and its file committed to Fuzz/Corpora/<target>, which the ordinary tests read.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60
if [[ ${1:-} == --seconds ]]; then
    seconds=$2
    shift 2
fi
targets=("$@")
if ((${#targets[@]} == 0)); then
    for folder in Fuzz/Sources/fuzz-*; do targets+=("${folder##*/fuzz-}"); done
fi

swift=${SWIFT:-swift}
scratch=$PWD/.build-fuzz
work=$(mktemp -d -p "$([[ -w /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" undertone-fuzz-XXXXXX)
trap 'rm -rf "$work"' EXIT

probe='@_cdecl("LLVMFuzzerTestOneInput") public func one(_: UnsafeRawPointer?, _: Int) -> Int32 { 0 }'
if ! (cd "$work" && ${swift}c -parse-as-library -sanitize=fuzzer,address - -o probe) <<<"$probe" >"$work/probe.log" 2>&1; then
    echo "warning: this Swift toolchain has no libFuzzer, so nothing is fuzzed here; swiftc -sanitize=fuzzer says:" >&2
    tail -n 3 "$work/probe.log" >&2
    exit 0
fi

# Optimised, for speed, but with the library's checks of unsafe buffers that only debug builds have: reading mapped memory
# out of bounds then traps at once. SwiftPM's own flags alone would instrument no Swift code: the last -sanitize wins.
"$swift" build --package-path Fuzz --scratch-path "$scratch" -c release --sanitize=fuzzer --sanitize=address \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -assert-config -Xswiftc Debug

fixtures=Tests/CheckpointsTests/Fixtures
seeds() {
    case $1 in
        safetensors) find $fixtures -name '*.safetensors' ;;
        pytorch) find $fixtures -name '*.bin' ;;
        configuration) find $fixtures -name '*.json' ;;
        training) find pipelines -name '*.yaml' ;;
        parquet) find Tests/ParquetTests/Fixtures -name '*.parquet' ;;
    esac
    if [[ -d Fuzz/Corpora/$1 ]]; then find "Fuzz/Corpora/$1" -type f; fi
}

# Swift's own crash reports and libFuzzer's do not get on. Leaks: the runtime keeps metadata for good, which is none.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 TMPDIR=$work/
for target in "${targets[@]}"; do
    learnt=$scratch/learnt/$target found=$scratch/found/$target start=$work/$target
    mkdir -p "$learnt" "$found" "$start"
    seeds "$target" | while read -r file; do cp "$file" "$start/$(tr / - <<<"$file")"; done
    echo "fuzz: $target, $seconds s" >&2
    log=$work/$target.log
    if ! "$scratch/release/fuzz-$target" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$found/" -print_final_stats=1 "$learnt" "$start" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "fuzz: $target has a finding, see above; its input is in $found" >&2
        exit 1
    fi
    runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz: $target, ${runs:-0} runs, $(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1), nothing found"
done
