#!/usr/bin/env bash
# The tests under Clang's sanitizers, each in a build of its own: scripts/sanitize.sh [memory] [thread]
set -euo pipefail
cd "$(dirname "$0")/.."

swift=${SWIFT:-swift}
# Swift's own crash reports and the sanitizers' do not get on.
export SWIFT_BACKTRACE=enable=no

# Addresses, and what C leaves undefined. On Linux swiftc has no -sanitize=undefined (Swift traps by itself where C would be
# undefined), so clang alone gets the flag; the address sanitizer's runtime brings what it needs.
# Optimised, as it is shipped, and for speed: in a debug build the tests take hours. The library's checks of unsafe buffers, which
# only those have, are kept. Leaks: Swift's runtime keeps metadata and lazy globals for good, which LeakSanitizer reports without end.
memory() {
    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 "$swift" test -c release -Xswiftc -assert-config -Xswiftc Debug \
        --scratch-path .build-address --sanitize=address -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined
}

# All that runs no engine: ThreadSanitizer cannot see how the threads of OpenMP and OpenBLAS, which are built without it, wait
# for each other, and takes that for races. (Caching is tested with an encoder of its own.)
# A debug build, since what is suppressed are frames that the optimiser would inline.
thread() {
    TSAN_OPTIONS=suppressions=$PWD/scripts/thread-sanitizer.supp "$swift" test --scratch-path .build-thread --sanitize=thread --filter \
        '^(FilesTests|BuffersTests|CheckpointsTests|CorpusTests|FeatureStoreTests|CachingTests|ConsoleTests|RunsTests|PipelinesTests|ReportsTests|CorpusAdaptersTests|ModelHubTests|EvaluationTests|StudyTests|RegistryTests|CacheInspectionTests)\.'
}

sanitizers=("$@")
if ((${#sanitizers[@]} == 0)); then sanitizers=(memory thread); fi
for sanitizer in "${sanitizers[@]}"; do
    echo "sanitize: $sanitizer" >&2
    "$sanitizer"
done
