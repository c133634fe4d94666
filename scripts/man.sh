#!/usr/bin/env bash
# Writes a manual page for each program and each command into build/man/man1, from what the programs say of themselves; nothing is
# installed. Needs the programs built in release (`make man` sees to it). The generator is swift-argument-parser's own.
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --product generate-manual
pages=build/man/man1
mkdir -p "$pages"
rm -f "$pages"/undertone*.1
for program in undertone undertone-cache undertone-train; do
    .build/release/generate-manual ".build/release/$program" --multi-page --output-directory "$pages"
done
rm -f "$pages"/*.help.1  # of the command `help`, which every program has
echo "man: $(ls "$pages" | wc -l) pages in $pages; man -M build/man undertone"
