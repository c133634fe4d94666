#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `length` bytes, going on from `crc` (0 at the start of a message).
/// Uses the processor's own instruction where there is one (x86-64 with SSE4.2), else `ut_crc32c_portable`; same value.
uint32_t ut_crc32c(uint32_t crc, const void *data, size_t length);

/// The same by eight tables, eight bytes at a time (slicing-by-8, Kounavis and Berry 2005).
uint32_t ut_crc32c_portable(uint32_t crc, const void *data, size_t length);
