#include "attention_scratch.h"
#include "vectors.h"

#if defined(__x86_64__)

/// Queries of a block, whose scores take 24 KiB at most.
enum { block_rows = 12, longest_tile = 512 };

/// Keys of a tile: all, or equal parts in whole panels.
static size_t tile_keys(size_t rows) {
    size_t tiles = (rows + longest_tile - 1) / longest_tile;
    return tiles <= 1 ? rows : ((rows + tiles - 1) / tiles + 63) / 64 * 64;
}

typedef struct {
    void *keys, *values;         ///< panels of a tile
    ut_rows scores, probability; ///< of a block; one and the same in float32
    ut_rows sums;                ///< `[queries, width]`, before they are divided by the totals
    float *maximum, *total;      ///< of each query
} forward_memory;

static forward_memory divide(const ut_attention_head *h, ut_scratch *s) {
    const size_t keys = tile_keys(h->rows), stride = (keys + 15) / 16 * 16;
    // Over several tiles, every query's sums wait for the next; otherwise a block is done at once.
    const size_t queries = keys < h->rows ? h->rows : block_rows;
    const bool is16 = h->query.is16;
    forward_memory m;
    m.keys = ut_take(s, ut_panels_bytes(h->width, keys, is16));
    m.values = ut_take(s, ut_panels_bytes(keys, h->width, is16));
    m.scores = (ut_rows){ut_take(s, block_rows * stride * 4), stride, false};
    m.probability = is16 ? (ut_rows){ut_take(s, block_rows * stride * 2), stride, true} : m.scores;
    m.sums = (ut_rows){ut_take(s, queries * h->width * 4), h->width, false};
    m.maximum = ut_take(s, queries * 4);
    m.total = ut_take(s, queries * 4);
    return m;
}

size_t ut_attention_forward_scratch_bytes(const ut_attention_head *head) {
    ut_scratch s = {NULL, 0};
    divide(head, &s);
    return s.used;
}

/// A tile of keys, from `key` on, of the block's softmaxes. Maximum and total `Σ e^{scale · (score − maximum)}` run from tile to
/// tile; what earlier tiles gave to the sums is brought to the new maximum. The probabilities are yet to be divided by the last total.
static UT_AVX512 void soften(const ut_attention_head *h, const forward_memory *m, size_t at, size_t query, size_t count,
                             size_t key, size_t keys) {
    ut_dropout dropout = h->dropout;
    dropout.first_row += query;
    for (size_t r = 0; r < count; r++) {
        float *s = ut_row(m->scores, r), *maximum = m->maximum + at + r, *total = m->total + at + r;
        const __m512 lowest = _mm512_set1_ps(-INFINITY);
        __m512 highest16 = lowest;
        for (size_t c = 0; c < keys; c += 16)
            highest16 = _mm512_max_ps(highest16, _mm512_mask_loadu_ps(lowest, ut_lanes(c, keys), s + c));
        float highest = _mm512_reduce_max_ps(highest16);
        if (key == 0) {
            *total = 0;
        } else if (highest <= *maximum) {
            highest = *maximum;
        } else {
            float *sum = ut_row(m->sums, at + r);
            const float factor = ut_exp(h->scale * (*maximum - highest));
            for (size_t c = 0; c < h->width; c++) sum[c] *= factor;
            *total *= factor;
        }
        *maximum = highest;
        const ut_row_mask mask = ut_mask_of_row(dropout, r);
        const __m512 scale = _mm512_set1_ps(h->scale), shift = _mm512_set1_ps(-h->scale * highest);
        void *p = ut_row(m->probability, r);
        __m512 sum = _mm512_setzero_ps();
        for (size_t c = 0; c < keys; c += 16) {
            const __mmask16 lanes = ut_lanes(c, keys);
            __m512 e = ut_exp16(_mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes, s + c), scale, shift));
            sum = _mm512_mask_add_ps(sum, lanes, sum, e);
            if (dropout.probability > 0) e = _mm512_mul_ps(e, ut_keep16(&mask, key + c));
            if (m->probability.is16) _mm256_mask_storeu_epi16((uint16_t *)p + c, lanes, ut_narrow16(e));
            else _mm512_mask_storeu_ps((float *)p + c, lanes, e);
        }
        *total += _mm512_reduce_add_ps(sum);
    }
}

/// `out = sums / total`.
static UT_AVX512 void finish(ut_rows out, float *log_sum_exp, ut_rows sums, const float *maximum, const float *total,
                             float scale, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *x = ut_row(sums, r);
        void *o = ut_row(out, r);
        const __m512 factor = _mm512_set1_ps(1.0f / total[r]);
        for (size_t c = 0; c < width; c += 16) {
            const __mmask16 lanes = ut_lanes(c, width);
            const __m512 value = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + c), factor);
            if (out.is16) _mm256_mask_storeu_epi16((uint16_t *)o + c, lanes, ut_narrow16(value));
            else _mm512_mask_storeu_ps((float *)o + c, lanes, value);
        }
        if (log_sum_exp) log_sum_exp[r] = scale * maximum[r] + logf(total[r]);
    }
}

void ut_attention_forward(ut_rows out, float *log_sum_exp, const ut_attention_head *h, void *scratch) {
    ut_scratch s = {scratch, 0};
    const forward_memory m = divide(h, &s);
    const bool is16 = h->query.is16;
    const size_t tile = tile_keys(h->rows);
    for (size_t key = 0; key < h->rows; key += tile) {
        const size_t keys = h->rows - key < tile ? h->rows - key : tile;
        const bool isLast = key + keys == h->rows;
        ut_panels_pack_transposed(m.keys, ut_rows_from(h->key, key), h->width, keys);
        ut_panels_pack(m.values, ut_rows_from(h->value, key), keys, h->width);
        for (size_t query = 0; query < h->rows; query += block_rows) {
            const size_t count = h->rows - query < block_rows ? h->rows - query : block_rows;
            const size_t at = tile < h->rows ? query : 0;
            const ut_rows sums = ut_rows_from(m.sums, at);
            ut_tiles_multiply(m.scores, ut_factor_of(ut_rows_from(h->query, query)), m.keys, is16, count, h->width, keys,
                              NULL, false, false);
            // The softmax multiplies by the scale, so what is added is divided by it.
            if (h->positions.bias)
                ut_positions_add(m.scores, ut_positions_of_block(h, query, key), 1.0f / h->scale, count, keys);
            soften(h, &m, at, query, count, key, keys);
            ut_tiles_multiply(sums, ut_factor_of(m.probability), m.values, is16, count, keys, h->width, NULL, false,
                              key > 0);
            if (isLast)
                finish(ut_rows_from(out, query), log_sum_exp ? log_sum_exp + query : NULL, sums, m.maximum + at,
                       m.total + at, h->scale, count, h->width);
        }
    }
}
#else
size_t ut_attention_forward_scratch_bytes(const ut_attention_head *head) {
    (void)head;
    return 0;
}

void ut_attention_forward(ut_rows out, float *log_sum_exp, const ut_attention_head *h, void *scratch) { __builtin_trap(); }
#endif
