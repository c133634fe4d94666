/// Vectors of 16 float32 for the code that runs with tiles alone: loops over rows of any length, the last vector under a mask.
#pragma once
#include "inline.h"

#if defined(__x86_64__)
#include <immintrin.h>

// One set for both precisions, so that both are made from one source; what is for float32 names none of the BF16 instructions.
#define UT_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define UT_TILE static inline __attribute__((always_inline)) UT_AVX512

/// Lanes of the vector at column `c` of `columns`.
UT_TILE __mmask16 ut_lanes(size_t c, size_t columns) {
    return columns - c >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << (columns - c)) - 1);
}

/// e^x within 2 ulp for x up to 88; towards 0 below −87. `ut_exp`'s polynomial.
UT_TILE __m512 ut_exp16(__m512 x) {
    x = _mm512_max_ps(x, _mm512_set1_ps(-126.0f));
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.3981999507e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.3334519073e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.1665795894e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.6666665459e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.0000001201e-1f));
    p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
    return _mm512_scalef_ps(p, n);
}

/// `x Φ(x)`: `Φ(x) − ½` is x times a polynomial in x², which was fitted to the least largest error of Φ over |x| ≤ `bound`; beyond it Φ is
/// 0, or 1 within that error: 1.2e-7 in float32, 8e-6 in `brief`, for what is rounded to bfloat16 next.
UT_TILE __m512 ut_gelu16(__m512 x, const bool brief) {
    static const float whole[] = {2.023897250e-04f, -5.622903700e-04f, 6.007600459e-04f, -9.785158327e-04f,
                                  2.662442159e-03f, -5.067368038e-03f, 8.010089397e-03f, -1.235335972e-02f,
                                  1.813392341e-02f, -2.476345003e-02f, 3.196232393e-02f, -3.992539644e-02f,
                                  5.002611130e-02f, -6.774380803e-02f, 1.359499842e-01f};
    static const float few[] = {2.196601825e-03f, -5.817574449e-03f, 8.104689419e-03f, -1.367538795e-02f, 2.500492334e-02f,
                                -3.895562142e-02f, 5.581445247e-02f, -8.148203790e-02f, 1.678561419e-01f};
    const float bound = brief ? 4.2f : 5.2f, *terms = brief ? few : whole;
    const int count = brief ? sizeof few / sizeof *few : sizeof whole / sizeof *whole;
    const __m512 limit = _mm512_set1_ps(bound), below = _mm512_set1_ps(-bound);
    const __mmask16 counts = _mm512_cmp_ps_mask(x, below, _CMP_NLE_UQ);
    const __m512 z = _mm512_max_ps(_mm512_min_ps(x, limit), below);
    // x² ∈ [0, bound²] taken to [−1, 1], where the terms are small and do not cancel.
    const __m512 u = _mm512_fmsub_ps(_mm512_mul_ps(z, z), _mm512_set1_ps(2 / (bound * bound)), _mm512_set1_ps(1.0f));
    __m512 p = _mm512_set1_ps(terms[0]);
    _Pragma("clang loop unroll(full)") for (int i = 1; i < count; i++) p = _mm512_fmadd_ps(p, u, _mm512_set1_ps(terms[i]));
    return _mm512_maskz_mul_ps(counts, x, _mm512_fmadd_ps(z, p, _mm512_set1_ps(0.5f)));
}

/// `ut_hash` of 16 counters from `first` on.
UT_TILE __m512i ut_hash16(uint32_t key_low, uint32_t key_high, uint32_t first) {
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i counter = _mm512_add_epi32(_mm512_set1_epi32((int)first), lane);
    __m512i h = _mm512_add_epi32(_mm512_mullo_epi32(counter, _mm512_set1_epi32((int)0x9e3779b9u)),
                                 _mm512_set1_epi32((int)key_low));
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
    h = _mm512_mullo_epi32(h, _mm512_set1_epi32((int)0x85ebca6bu));
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 13));
    h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_set1_epi32((int)key_high)), _mm512_set1_epi32((int)0xc2b2ae35u));
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
    h = _mm512_mullo_epi32(h, _mm512_set1_epi32((int)0x7feb352du));
    return _mm512_xor_si512(h, _mm512_srli_epi32(h, 15));
}

/// Dropout's mask over a row.
typedef struct {
    uint32_t low, high, threshold;
    float scale;
} ut_row_mask;

UT_TILE ut_row_mask ut_mask_of_row(ut_dropout d, size_t row) {
    ut_row_mask m = {.threshold = ut_threshold(d.probability), .scale = 1.0f / (1.0f - d.probability)};
    ut_row_key(d, row, &m.low, &m.high);
    return m;
}

/// What dropout multiplies 16 columns from `column` on by.
UT_TILE __m512 ut_keep16(const ut_row_mask *m, size_t column) {
    const __m512i hash = ut_hash16(m->low, m->high, (uint32_t)column);
    const __mmask16 kept = _mm512_cmpge_epu32_mask(hash, _mm512_set1_epi32((int)m->threshold));
    return _mm512_maskz_mov_ps(kept, _mm512_set1_ps(m->scale));
}

/// 16 float32 rounded to bfloat16.
UT_TILE __m256i ut_narrow16(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }
#endif
