#include "include/tiles.h"
#include "panel_layout.h"
#include "vectors.h"

#if defined(__x86_64__)
#include <cpuid.h>

#define UT_UNROLL _Pragma("clang loop unroll(full)")

bool ut_tiles_available(bool is16) {
    static bool known, wide, pairs;
    if (!__atomic_load_n(&known, __ATOMIC_ACQUIRE)) {
        unsigned a, b, c, d;
        bool w = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
        bool p = w && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5));
        __atomic_store_n(&wide, w, __ATOMIC_RELAXED);
        __atomic_store_n(&pairs, p, __ATOMIC_RELAXED);
        __atomic_store_n(&known, true, __ATOMIC_RELEASE);
    }
    return is16 ? __atomic_load_n(&pairs, __ATOMIC_RELAXED) : __atomic_load_n(&wide, __ATOMIC_RELAXED);
}

/// Rows by 16 · vectors columns of a product, kept in registers over all of k.
typedef struct {
    char *c;
    size_t c_row_bytes;
    bool c16;
    ut_factor a;
    const void *b;
    size_t k;
    const float *bias;
    __mmask16 last; ///< columns of the last vector
    bool gelu, accumulate;
} tile;

UT_TILE __mmask16 lanes(const tile *t, int vector, int vectors) {
    return vector == vectors - 1 ? t->last : (__mmask16)0xffff;
}

/// What a tile's factors are, and whether its result may be in bfloat16: constants of each tile's code.
typedef struct {
    bool is16, narrows;
} tile_kind;

UT_TILE void tile_store(const tile *t, void *c, __m512 value, __mmask16 mask, const tile_kind kind) {
    if (kind.narrows && t->c16) _mm256_mask_storeu_epi16(c, mask, ut_narrow16(value));
    else _mm512_mask_storeu_ps(c, mask, value);
}

UT_TILE void tile_multiply(const tile *t, const int rows, const int vectors, const tile_kind kind) {
    const bool is16 = kind.is16;
    __m512 sum[12][4];
    UT_UNROLL
    for (int v = 0; v < vectors; v++) {
        __m512 begin = t->bias ? _mm512_maskz_loadu_ps(lanes(t, v, vectors), t->bias + 16 * v) : _mm512_setzero_ps();
        UT_UNROLL
        for (int r = 0; r < rows; r++)
            sum[r][v] = t->accumulate
                ? _mm512_maskz_loadu_ps(lanes(t, v, vectors), (const float *)(t->c + r * t->c_row_bytes) + 16 * v)
                : begin;
    }
    const char *a = t->a.data;
    const size_t row = t->a.row_bytes, step = t->a.step_bytes, steps = is16 ? t->k / 2 : t->k;
    const float *b = t->b;
    for (size_t i = 0; i < steps; i++) {
        __m512 right[4];
        UT_UNROLL
        for (int v = 0; v < vectors; v++) right[v] = _mm512_loadu_ps(b + 16 * v);
        UT_UNROLL
        for (int r = 0; r < rows; r++) {
            float word;
            memcpy(&word, a + r * row, 4);
            __m512 left = _mm512_set1_ps(word);
            UT_UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r][v] = is16 ? _mm512_dpbf16_ps(sum[r][v], (__m512bh)left, (__m512bh)right[v])
                                 : _mm512_fmadd_ps(left, right[v], sum[r][v]);
        }
        a += step;
        b += 16 * vectors;
    }
    if (is16 && t->k % 2) {
        UT_UNROLL
        for (int r = 0; r < rows; r++) {
            // What lies behind an odd number of columns is not ours to read.
            uint16_t half;
            memcpy(&half, a + r * row, 2);
            __m512bh left = (__m512bh)_mm512_set1_epi32(half);
            UT_UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r][v] = _mm512_dpbf16_ps(sum[r][v], left, (__m512bh)_mm512_loadu_ps(b + 16 * v));
        }
    }
    if (t->gelu) {
        float values[12 * UT_PANEL];
        UT_UNROLL
        for (int r = 0; r < rows; r++)
            UT_UNROLL
            for (int v = 0; v < vectors; v++) _mm512_storeu_ps(values + (r * vectors + v) * 16, sum[r][v]);
        for (int i = 0; i < rows * vectors * 16; i += 16)
            _mm512_storeu_ps(values + i, ut_gelu16(_mm512_loadu_ps(values + i), kind.narrows && t->c16));
        UT_UNROLL
        for (int r = 0; r < rows; r++)
            UT_UNROLL
            for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_loadu_ps(values + (r * vectors + v) * 16);
    }
    UT_UNROLL
    for (int r = 0; r < rows; r++)
        UT_UNROLL
        for (int v = 0; v < vectors; v++)
            tile_store(t, t->c + r * t->c_row_bytes + 16 * v * (kind.narrows && t->c16 ? 2 : 4), sum[r][v],
                       lanes(t, v, vectors), kind);
}

/// The highest tile that 24 sums of 16 columns give, or a lower one for the last rows.
UT_TILE size_t tile_dispatch(const tile *t, size_t rows, int vectors, const tile_kind kind) {
#define UT_HEIGHT(height, width)              \
    if (rows >= height) {                     \
        tile_multiply(t, height, width, kind); \
        return height;                        \
    }
#define UT_LOWER(width) UT_HEIGHT(4, width) UT_HEIGHT(2, width) UT_HEIGHT(1, width)
    switch (vectors) {
    case 4: UT_HEIGHT(6, 4) UT_LOWER(4) break;
    case 3: UT_HEIGHT(8, 3) UT_LOWER(3) break;
    case 2: UT_HEIGHT(12, 2) UT_LOWER(2) break;
    default: UT_HEIGHT(12, 1) UT_LOWER(1) break;
    }
    return 1;
}

static __attribute__((noinline)) UT_AVX512 size_t tile_float32(const tile *t, size_t rows, int vectors) {
    return tile_dispatch(t, rows, vectors, (tile_kind){.is16 = false, .narrows = false});
}

static __attribute__((noinline)) UT_AVX512 size_t tile_float32_to_bfloat16(const tile *t, size_t rows, int vectors) {
    return tile_dispatch(t, rows, vectors, (tile_kind){.is16 = false, .narrows = true});
}

static __attribute__((noinline)) UT_AVX512 size_t tile_bfloat16(const tile *t, size_t rows, int vectors) {
    return tile_dispatch(t, rows, vectors, (tile_kind){.is16 = true, .narrows = true});
}

void ut_tiles_multiply(ut_rows c, ut_factor a, const void *panels, bool is16, size_t m, size_t k, size_t n,
                       const float *bias, bool gelu, bool accumulate) {
    const size_t bytes = c.is16 ? 2 : 4, word = is16 ? 2 : 4;
    size_t (*const multiply)(const tile *, size_t, int) =
        is16 ? tile_bfloat16 : c.is16 ? tile_float32_to_bfloat16 : tile_float32;
    // A panel stays in the second-level cache while the rows pass: every tile reads all of it. Rows, of which a tile reads six, may come
    // from the third level, where as many are kept as its share of a core holds.
    size_t height = (4 << 20) / (a.row_bytes ? a.row_bytes : 1) / 24 * 24;
    if (height < 24) height = 24;
    // Sums over very many columns go by parts, so that a part of a panel stays near while the rows pass; the parts meet in c.
    const size_t depth = k > 2048 && !c.is16 ? 1536 : k;
    for (size_t top = 0; top < m; top += height) {
        const size_t bottom = m - top < height ? m : top + height;
        for (size_t first = 0; first < n; first += UT_PANEL) {
            const size_t columns = n - first < UT_PANEL ? n - first : UT_PANEL;
            const int vectors = (int)((columns + 15) / 16);
            const char *panel = (const char *)panels + ut_panel_offset(first, k, is16);
            for (size_t begin = 0; begin < k || begin == 0; begin += depth) {
                const size_t end = k - begin < depth ? k : begin + depth;
                tile t = {
                    .c_row_bytes = c.stride * bytes,
                    .c16 = c.is16,
                    .a = a,
                    .b = panel + begin * 16 * (size_t)vectors * word,
                    .k = end - begin,
                    .bias = bias && begin == 0 ? bias + first : NULL,
                    .last = (__mmask16)(0xffffu >> (16 * vectors - (int)columns)),
                    .gelu = gelu && end == k,
                    .accumulate = accumulate || begin > 0,
                };
                for (size_t r = top; r < bottom;) {
                    t.c = (char *)c.data + r * t.c_row_bytes + first * bytes;
                    t.a.data = (const char *)a.data + r * a.row_bytes + begin / (is16 ? 2 : 1) * a.step_bytes;
                    r += multiply(&t, bottom - r, vectors);
                }
                if (k == 0) break;
            }
        }
    }
}
#else
bool ut_tiles_available(bool is16) {
    (void)is16;
    return false;
}

void ut_tiles_multiply(ut_rows c, ut_factor a, const void *panels, bool is16, size_t m, size_t k, size_t n,
                       const float *bias, bool gelu, bool accumulate) {
    __builtin_trap();
}
#endif
