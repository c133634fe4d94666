"""How fast the disk under a folder writes and reads, one thread and whole blocks."""

import ctypes
import mmap
import os
import time
from pathlib import Path

BLOCK_BYTES = 4 << 20


def evict(path):
    """Asks the system to forget what it keeps of a file, or of all files of a folder, in memory."""
    path = Path(path)
    for file in (path.rglob("*") if path.is_dir() else [path]):
        if file.is_file():
            with open(file, "rb") as opened:
                os.fsync(opened.fileno())
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident_share(path):
    """Which part of a file the system holds in memory, from 0 to 1; None where it does not tell."""
    size = os.path.getsize(path)
    if size == 0:
        return 0.0
    library = ctypes.CDLL(None, use_errno=True)
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), size) as mapped:
        pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
        told = (ctypes.c_ubyte * pages)()
        start = ctypes.c_char.from_buffer(mapped)
        failed = library.mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), told)
        del start
        return None if failed else sum(page & 1 for page in told) / pages


def bandwidth(folder, megabytes):
    """Bytes per second of writing (flushed to the disk) and of reading, and how much of the file was in memory before reading.

    What lies under the system, the memory of a virtual machine's host above all, may still hold what was read.
    """
    path = Path(folder) / "disk-bandwidth.tmp"
    count = max(1, megabytes * 1_000_000 // BLOCK_BYTES)
    # Random, for disks that compress; a few blocks in turn, for making them must not be what is measured.
    blocks = [os.urandom(BLOCK_BYTES) for _ in range(4)]
    try:
        begin = time.perf_counter()
        with open(path, "wb", buffering=0) as file:
            for index in range(count):
                file.write(blocks[index % len(blocks)])
            os.fsync(file.fileno())
        writing = time.perf_counter() - begin
        evict(path)
        kept = resident_share(path)
        buffer = bytearray(BLOCK_BYTES)
        begin = time.perf_counter()
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
        reading = time.perf_counter() - begin
    finally:
        path.unlink(missing_ok=True)
    size = count * BLOCK_BYTES
    return {"write_bytes_per_second": size / writing, "read_bytes_per_second": size / reading, "bytes": size,
            "in_memory_before_reading": kept}
