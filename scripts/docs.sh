#!/usr/bin/env bash
# Builds the reference of every library module with DocC into build/docs, from the comments in Sources; a warning is an error: a parameter that a
# comment describes and the declaration has not, one that its list leaves out, a link that leads nowhere, a list that is none.
# Needs the programs built in release (`make docs` sees to it): what the compiler left of the modules is read, nothing is compiled again.
#
#   scripts/docs.sh             all library modules
#   scripts/docs.sh Kernels …   these
set -euo pipefail
cd "$(dirname "$0")/.."

swift=${SWIFT:-swift}
toolchain=$(dirname "$(command -v "$swift")")
docc=$(command -v "$toolchain/docc" || command -v docc) || {
    echo "error: no docc beside $swift, expected a toolchain that has it, as those of swift.org do" >&2
    exit 66
}

modules=("$@")
if ((${#modules[@]} == 0)); then
    # Every target with Swift sources that is no program.
    for folder in Sources/*/; do
        module=$(basename "$folder")
        if [[ $module != undertone* && -n $(find "$folder" -name '*.swift' -print -quit) ]]; then modules+=("$module"); fi
    done
fi

built=.build/release
# What their interfaces import: C targets and system libraries by their module maps, others by what was compiled of them.
includes=(-I "$built/Modules")
for map in $(find Sources -name module.modulemap) $(find "$built"/*.build -maxdepth 1 -name module.modulemap) \
    $(find .build/checkouts -path '*/Sources/*/module.modulemap'); do
    includes+=(-Xcc "-fmodule-map-file=$map")
done
for folder in Sources/*/include .build/checkouts/*/Sources/*/include; do
    if [[ -d $folder ]]; then includes+=(-Xcc -I -Xcc "$folder"); fi
done
# As pkg-config tells SwiftPM.
for flag in $(pkg-config --cflags hdf5 sndfile soxr openblas 2>/dev/null || true); do includes+=(-Xcc "$flag"); done

out=build/docs
mkdir -p "$out"
work=$(mktemp -d "${TMPDIR:-/tmp}/undertone-docs-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The paragraphs of DocC's output that speak of a warning or an error.
complaints() { awk 'BEGIN { RS = ""; ORS = "\n\n" } /^(warning|error):/' "$1"; }

target=$("$swift" -print-target-info | sed -nE 's/^ *"triple": "([^"]*)".*/\1/p' | head -n 1)
failed=()
for module in "${modules[@]}"; do
    graphs=$work/$module
    mkdir -p "$graphs"
    "$swift" symbolgraph-extract -module-name "$module" "${includes[@]}" -target "$target" \
        -minimum-access-level package -output-dir "$graphs"
    rm -rf "$out/$module.doccarchive"
    "$docc" convert --additional-symbol-graph-dir "$graphs" --fallback-display-name "$module" \
        --fallback-bundle-identifier "undertone.$module" --output-path "$out/$module.doccarchive" >"$work/$module.log" 2>&1 || {
        cat "$work/$module.log" >&2
        exit 70
    }
    if [[ -n $(complaints "$work/$module.log") ]]; then
        complaints "$work/$module.log" >&2
        failed+=("$module")
    fi
done
if ((${#failed[@]} > 0)); then
    echo "error: DocC warns about ${failed[*]} (see above)" >&2
    exit 70
fi
echo "docs: ${#modules[@]} modules in $out, without a warning; docc preview or any web server shows them"
