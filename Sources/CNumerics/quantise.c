#include "quantise.h"
#include "inline.h"
#include <float.h>

// A float's bits without the sign order as its magnitude does, with infinity and NaN above every finite value: one integer
// maximum, which vectorises without relaxing floating-point rules, finds both.
UT_INLINE float largest_magnitude(const float *x, size_t count) {
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t a = ut_bits(x[i]) & 0x7fffffffu;
        largest = a > largest ? a : largest;
    }
    return ut_from_bits(largest);
}

UT_CLONES float ut_largest_magnitude(const float *x, size_t count) { return largest_magnitude(x, count); }

UT_CLONES void ut_int8_from_float32(const float *x, int8_t *out, void *scales, size_t rows, size_t columns) {
    // Adding it moves the integer nearest to a small value into the low bits, rounded to even by the addition itself: no
    // call for the rounding, whatever the instruction set.
    const float rounder = 12582912.0f;  // 1.5 · 2^23
    for (size_t r = 0; r < rows; r++) {
        const float *in = x + r * columns;
        int8_t *row = out + r * columns;
        float largest = largest_magnitude(in, columns), scale = largest / 127.0f;
        // The quotient of the largest float is rounded up, and 127 times it would be infinite.
        if (scale * 127.0f > FLT_MAX) scale = ut_from_bits(ut_bits(scale) - 1);
        // A subnormal scale has too few bits left to divide by.
        if (scale < FLT_MIN) scale = 0;
        memcpy((char *)scales + 4 * r, &scale, 4);
        if (scale == 0) memset(row, 0, columns);
        else
            for (size_t c = 0; c < columns; c++) row[c] = (int8_t)ut_bits(in[c] / scale + rounder);
    }
}

UT_CLONES void ut_float32_from_int8(const int8_t *x, const void *scales, float *out, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float scale;
        memcpy(&scale, (const char *)scales + 4 * r, 4);
        for (size_t c = 0; c < columns; c++) out[r * columns + c] = (float)x[r * columns + c] * scale;
    }
}
