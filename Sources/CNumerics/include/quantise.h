#pragma once
#include <stddef.h>
#include <stdint.h>

/// The largest |x[i]|, 0 for none; infinite or NaN as soon as one value is.
float ut_largest_magnitude(const float *x, size_t count);
/// Each row of finite values as 8-bit integers and one factor: `scale = max|x| / 127`, `out = round(x / scale)` to nearest even, so that
/// `|out| <= 127` and `out · scale` is finite. A row without a magnitude of 127 · 2^-126 (1.5e-36) is one of zeros, with scale 0.
/// `scales` are `rows` float32 in native order, at any alignment.
void ut_int8_from_float32(const float *x, int8_t *out, void *scales, size_t rows, size_t columns);
/// `out = x · scale`, row by row; `scales` at any alignment.
void ut_float32_from_int8(const int8_t *x, const void *scales, float *out, size_t rows, size_t columns);
