/// Scalar building blocks that every loop of this module inlines and vectorises.
#pragma once
#include "clones.h"
#include "include/rows.h"
#include <math.h>
#include <string.h>

#define UT_INLINE static inline __attribute__((always_inline))

UT_INLINE uint32_t ut_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

UT_INLINE float ut_from_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, 4);
    return x;
}

UT_INLINE float ut_widen(uint16_t h) { return ut_from_bits((uint32_t)h << 16); }

/// Round to nearest even. The NaNs that arithmetic makes (quiet, 0x7fc00000) stay NaN; foreign payloads are not looked after.
UT_INLINE uint16_t ut_narrow(float x) {
    uint32_t u = ut_bits(x);
    return (uint16_t)((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
}

UT_INLINE float ut_load(const void *data, bool is16, size_t i) {
    return is16 ? ut_widen(((const uint16_t *)data)[i]) : ((const float *)data)[i];
}

UT_INLINE void ut_store(void *data, bool is16, size_t i, float x) {
    if (is16) ((uint16_t *)data)[i] = ut_narrow(x);
    else ((float *)data)[i] = x;
}

UT_INLINE void *ut_row(ut_rows x, size_t row) {
    return (char *)x.data + row * x.stride * (x.is16 ? 2 : 4);
}

/// e^x within 2 ulp for x in [−80, 88]; clamped outside, so e^−∞ is 1.8e−35 rather than 0: what it is multiplied by does not make it
/// subnormal, with which processors take their time. Cephes' polynomial.
UT_INLINE float ut_exp(float x) {
    x = x < -80.0f ? -80.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = __builtin_rintf(x * 1.44269504f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    // n as an integer, in the low bits of a float this large: a cast of NaN is undefined in C.
    return p * ut_from_bits((ut_bits(n + 12582912.0f) + 127) << 23);
}

/// The standard normal distribution function `Φ(x) = (1 + erf(x/√2))/2` within 1e-7 (Abramowitz and Stegun 7.1.26), and
/// `*density = e^{−x²/2}`, which the derivative needs too.
UT_INLINE float ut_normal_cdf(float x, float *density) {
    float z = __builtin_fabsf(x) * 0.70710678f;
    float t = 1.0f / (1.0f + 0.3275911f * z);
    float e = ut_exp(-z * z);
    float p = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    float tail = 0.5f * p * e;
    *density = e;
    return x < 0.0f ? tail : 1.0f - tail;
}

UT_INLINE float ut_gelu(float x) {
    float density;
    return x * ut_normal_cdf(x, &density);
}

/// `d gelu / dx = Φ(x) + x φ(x)`.
UT_INLINE float ut_gelu_slope(float x) {
    float density, cdf = ut_normal_cdf(x, &density);
    return cdf + x * density * 0.39894228f;
}

/// A 32-bit hash of `(key, counter)`: two rounds of Murmur3's finaliser over the counter, keyed before each.
UT_INLINE uint32_t ut_hash(uint32_t key_low, uint32_t key_high, uint32_t counter) {
    uint32_t h = counter * 0x9e3779b9u + key_low;
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h = (h ^ key_high) * 0xc2b2ae35u;
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    return h;
}

/// For loops that go element by element, whose output may be their input: the compiler would test for that and then not vectorise.
#define UT_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")

/// What dropout multiplies an element by: 0 or `1 / (1 − p)`. `threshold` is `p · 2³²`.
UT_INLINE float ut_keep(uint32_t hash, uint32_t threshold, float scale) { return hash < threshold ? 0.0f : scale; }

UT_INLINE uint32_t ut_threshold(float probability) { return (uint32_t)((double)probability * 4294967296.0); }

/// Keys of one row, so that the counter inside a row fits 32 bits.
UT_INLINE void ut_row_key(ut_dropout d, size_t row, uint32_t *low, uint32_t *high) {
    uint64_t k = d.key + (d.first_row + row) * 0xd1b54a32d192ed03ull;
    k = (k ^ (k >> 32)) * 0xd6e8feb86659fd93ull;
    k ^= k >> 32;
    *low = (uint32_t)k;
    *high = (uint32_t)(k >> 32) ^ (uint32_t)d.key;
}

/// `out = x + addend`, a row.
UT_INLINE void ut_sum_row(float *out, const float *x, const void *addend, bool addend16, size_t columns) {
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++) out[c] = x[c] + ut_load(addend, addend16, c);
}

/// `out = x + dropout(addend)`, a row.
UT_INLINE void ut_sum_dropped_row(float *out, const float *x, const void *addend, bool addend16, size_t columns,
                               ut_dropout d, size_t row) {
    uint32_t low, high, threshold = ut_threshold(d.probability);
    float scale = 1.0f / (1.0f - d.probability);
    ut_row_key(d, row, &low, &high);
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++)
        out[c] = x[c] + ut_load(addend, addend16, c) * ut_keep(ut_hash(low, high, (uint32_t)c), threshold, scale);
}

/// `Σ a b` over a row.
UT_INLINE float ut_row_dot(const float *a, const float *b, size_t columns) {
#pragma clang fp reassociate(on)
    float total = 0;
    for (size_t c = 0; c < columns; c++) total += a[c] * b[c];
    return total;
}
