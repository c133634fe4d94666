#!/usr/bin/env bash
# Makes sure that all is there to build and run Undertone: the Swift toolchain, and the system's libraries through apt.
# Where nothing is missing it does nothing, in a moment and without the network.
set -euo pipefail

packages=(libsndfile1-dev libsoxr-dev libhdf5-dev libopenblas-dev libdnnl-dev libsqlite3-dev pkg-config espeak-ng)

version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1 || true)
read -r major minor <<<"${version:-0 0}"
if ((major < 6 || (major == 6 && minor < 2))); then
    found=$([[ $major == 0 ]] && echo "no Swift was found" || echo "Swift $major.$minor was found")
    cat >&2 <<TEXT
error: $found, Swift 6.2 or later is needed. Install it with swiftly:
  curl -O https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz
  tar zxf swiftly-\$(uname -m).tar.gz && ./swiftly init
or see https://www.swift.org/install/linux; then run the same command again.
TEXT
    exit 66
fi

if ! command -v dpkg-query >/dev/null; then
    echo "warning: no dpkg here; make sure that the equivalents of these Debian packages are installed: ${packages[*]}" >&2
    exit 0
fi

# One package after another: dpkg-query prints nothing at all for one that it has never heard of.
missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    # pkgconf provides pkg-config on newer systems.
    if [[ $status != installed ]] && ! { [[ $package == pkg-config ]] && command -v pkg-config >/dev/null; }; then
        missing+=("$package")
    fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

if [[ $(id -u) == 0 ]]; then
    run=(env)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    run=(sudo -n env)
else
    echo "error: packages are missing, and installing them takes root. Run this line, then the same command again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 66
fi
if ! command -v apt-get >/dev/null; then
    echo "error: no apt-get here to install them with; install the equivalents of ${missing[*]}" >&2
    exit 66
fi
echo "setup: installing ${missing[*]}" >&2
# Another apt may be at work, as on a machine that has just started: it is waited for.
apt=("${run[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
if ! "${apt[@]}" update; then
    echo "warning: apt-get update failed (no network?); trying with the lists that are here" >&2
fi
if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; then
    echo "error: apt-get could not install ${missing[*]} (see above). They are in Debian's main component and" >&2
    echo "Ubuntu's universe; mend what it says, or install them by hand, then run the same command again." >&2
    exit 66
fi
