#include "half.h"
#include "clones.h"
#include <string.h>

static inline uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

static inline float float_of(uint32_t u) {
    float x;
    memcpy(&x, &u, 4);
    return x;
}

// Integer arithmetic rather than `_Float16`, so that every clone gives the same bits and the loops vectorise on machines
// without F16C too. The rounding is the classic one: adding a power of two aligns the mantissa for subnormals.
static inline uint16_t half_of(float x) {
    uint32_t u = bits_of(x), sign = u & 0x80000000u, a = u ^ sign;
    uint32_t normal = (a + 0xc8000fffu + ((a >> 13) & 1)) >> 13;              // rebias by -112 and round to even
    uint32_t subnormal = bits_of(float_of(a) + 0.5f) - 0x3f000000u;           // 0.5f has ulp 2^-24, float16's smallest step
    uint32_t special = a > 0x7f800000u ? 0x7e00u : 0x7c00u;                   // NaN, or overflow and infinity
    uint32_t h = a < 0x38800000u ? subnormal : normal;
    h = a >= 0x477ff000u ? special : h;
    return (uint16_t)(h | (sign >> 16));
}

static inline float float_of_half(uint16_t h) {
    uint32_t sign = ((uint32_t)h & 0x8000u) << 16, m = (uint32_t)h & 0x7fffu;
    uint32_t normal = (m << 13) + 0x38000000u;
    uint32_t special = (m << 13) + 0x70000000u;
    uint32_t subnormal = bits_of(float_of((m << 13) + 0x38800000u) - float_of(0x38800000u));
    uint32_t u = m < 0x0400u ? subnormal : (m >= 0x7c00u ? special : normal);
    return float_of(u | sign);
}

UT_CLONES size_t ut_float16_from_float32(const float *x, uint16_t *out, size_t count) {
    uint32_t overflows = 0;
    size_t total = 0;
    for (size_t begin = 0; begin < count; begin += 65536) {
        size_t end = count - begin < 65536 ? count : begin + 65536;
        overflows = 0;
        for (size_t i = begin; i < end; i++) {
            uint32_t a = bits_of(x[i]) & 0x7fffffffu;
            out[i] = half_of(x[i]);
            overflows += (a >= 0x477ff000u) & (a < 0x7f800000u);
        }
        total += overflows;
    }
    return total;
}

UT_CLONES void ut_float32_from_float16(const uint16_t *x, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = float_of_half(x[i]);
}

UT_CLONES size_t ut_bfloat16_from_float32(const float *x, uint16_t *out, size_t count) {
    size_t total = 0;
    for (size_t begin = 0; begin < count; begin += 65536) {
        size_t end = count - begin < 65536 ? count : begin + 65536;
        uint32_t overflows = 0;
        for (size_t i = begin; i < end; i++) {
            uint32_t u = bits_of(x[i]), a = u & 0x7fffffffu;
            uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1)) >> 16;
            out[i] = (uint16_t)(a > 0x7f800000u ? ((u >> 16) | 0x40u) : rounded);
            overflows += (a >= 0x7f7f8000u) & (a < 0x7f800000u);
        }
        total += overflows;
    }
    return total;
}

UT_CLONES void ut_float32_from_bfloat16(const uint16_t *x, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = float_of((uint32_t)x[i] << 16);
}
