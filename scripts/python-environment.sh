#!/usr/bin/env bash
# Makes .venv with the Python packages that Tests/Goldens/requirements.txt pins, where it is not there yet, and prints
# the path of its interpreter. Only parity, interop and benchmarks need Python; Undertone itself does not.
# UNDERTONE_PYTHON=/path/to/python uses that interpreter as it is instead.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -n ${UNDERTONE_PYTHON:-} ]]; then
    echo "$UNDERTONE_PYTHON"
    exit 0
fi

requirements=Tests/Goldens/requirements.txt
# A copy of what was installed: written last, so that a broken-off installation is taken up again.
installed=.venv/undertone-requirements.txt
if cmp -s "$requirements" "$installed"; then
    echo "$PWD/.venv/bin/python"
    exit 0
fi

if ! command -v python3 >/dev/null || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    if [[ $(id -u) == 0 ]]; then
        run=(env)
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        run=(sudo -n env)
    else
        echo "error: python3 with venv is missing, and installing it takes root. Run this line, then the same command" \
            "again:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends python3-venv" >&2
        exit 66
    fi
    echo "python: installing python3-venv" >&2
    "${run[@]}" apt-get update -qq >&2
    "${run[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >&2
fi

version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))') || {
    echo "error: python3 is $version, the pinned packages need 3.11 or later. Set UNDERTONE_PYTHON to the interpreter" \
        "of an environment with the packages of $requirements" >&2
    exit 66
}
echo "python: making .venv with the packages of $requirements" >&2
rm -rf .venv
python3 -m venv .venv >&2
.venv/bin/pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2
cp "$requirements" "$installed"
echo "$PWD/.venv/bin/python"
