#pragma once
#include <stdbool.h>

/// Whether the processor multiplies bfloat16 itself (AVX-512-BF16 or AMX on x86-64; the BF16 extension on AArch64).
bool ut_multiplies_bfloat16(void);

/// Whether it does so by matrix (AMX) too.
bool ut_multiplies_bfloat16_by_amx(void);
