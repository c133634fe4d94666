#pragma once
#include <stddef.h>
#include <stdint.h>

/// `out[i] = float16(x[i])`, round to nearest even. Returns how many finite inputs became infinite (magnitude above 65504).
size_t ut_float16_from_float32(const float *x, uint16_t *out, size_t count);
/// `out[i] = float32(x[i])`, exact.
void ut_float32_from_float16(const uint16_t *x, float *out, size_t count);
/// `out[i] = bfloat16(x[i])`, round to nearest even; NaN stays NaN. Returns how many finite inputs became infinite.
size_t ut_bfloat16_from_float32(const float *x, uint16_t *out, size_t count);
/// `out[i] = float32(x[i])`, exact.
void ut_float32_from_bfloat16(const uint16_t *x, float *out, size_t count);
