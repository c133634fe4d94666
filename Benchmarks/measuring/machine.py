"""Facts about the machine and the programs, without which a figure means nothing."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from .programs import ROOT

TOLD_INSTRUCTIONS = {"avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "asimd", "bf16", "sve"}


def first_line(*command):
    """What a program says of itself, or `unknown`."""
    try:
        told = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        return "unknown"
    return "unknown" if told.returncode else (told.stdout or told.stderr).strip().split("\n")[0] or "unknown"


def _field(text, name):
    found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else None


def processor(text):
    """What `/proc/cpuinfo` says: `kind` is the same for the same kind of processor, and names are not.

    A virtual machine may call a Zen 4 and a Zen 5 both `AMD EPYC`; vendor, family and model tell them apart.
    """
    flags = set((_field(text, "flags") or _field(text, "Features") or "").split())
    numbers = [_field(text, name) for name in ("vendor_id", "cpu family", "model")]
    if None in numbers:
        numbers = [_field(text, name) for name in ("CPU implementer", "CPU architecture", "CPU part")]
    kind = "-".join([platform.machine()] if None in numbers else numbers)
    return {
        "processor": _field(text, "model name") or kind,
        "kind": kind,
        "stepping": _field(text, "stepping") or _field(text, "CPU revision"),
        "instructions": sorted(flags & TOLD_INSTRUCTIONS),
    }


def facts(programs, threads):
    """All that a result says of the machine; `kind`, `threads` and `instructions` decide what compares with what."""
    memory = _field(Path("/proc/meminfo").read_text(), "MemTotal")
    return {
        **processor(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_gib": round(int(memory.split()[0]) / 2**20, 1) if memory else None,
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "commit": first_line("git", "describe", "--always", "--dirty"),
        "undertone": first_line(programs / "undertone-cache", "--version"),
        "swift": first_line("swift", "--version"),
    }


def warn_if_busy(facts):
    """Says where the machine had something else to do before the first run."""
    if facts["load_before"] > 0.5:
        print(f"warning: load is {facts['load_before']} before the first run: something else is running",
              file=sys.stderr)
