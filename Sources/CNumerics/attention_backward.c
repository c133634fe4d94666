#include "attention_scratch.h"
#include "vectors.h"

#if defined(__x86_64__)

/// Queries of a block: enough for the sums over them to be worth their way to memory and back. Even, so that pairs are whole.
enum { block_rows = 32 };

typedef struct {
    void *keys_transposed, *values_transposed, *keys; ///< panels, for all blocks
    void *queries, *d_out;                            ///< panels of a block
    ut_rows p, g;          ///< probabilities and the gradients with respect to them, float32
    ut_rows slopes;        ///< gradients with respect to the scores; in float32, the rows of g
    ut_factor p_transposed, slopes_transposed; ///< `[keys, queries]`, of the probabilities after dropout
    ut_rows d_keys, d_values;                  ///< sums over blocks
} backward_memory;

static backward_memory divide(const ut_attention_head *h, ut_scratch *s) {
    const bool is16 = h->query.is16;
    const size_t stride = (h->rows + 15) / 16 * 16, across = ut_panels_bytes(h->width, h->rows, is16);
    backward_memory m;
    m.keys_transposed = ut_take(s, across);
    m.values_transposed = ut_take(s, across);
    m.keys = ut_take(s, ut_panels_bytes(h->rows, h->width, is16));
    m.queries = ut_take(s, ut_panels_bytes(block_rows, h->width, is16));
    m.d_out = ut_take(s, ut_panels_bytes(block_rows, h->width, is16));
    m.p = (ut_rows){ut_take(s, block_rows * stride * 4), stride, false};
    m.g = (ut_rows){ut_take(s, block_rows * stride * 4), stride, false};
    m.slopes = is16 ? (ut_rows){ut_take(s, block_rows * stride * 2), stride, true} : m.g;
    // A word of a transposed factor is a float32, or the bfloat16 of two queries.
    const size_t words = block_rows * stride * 4 / (is16 ? 2 : 1);
    m.p_transposed = (ut_factor){
        is16 || h->dropout.probability > 0 ? ut_take(s, words) : m.p.data, 4, stride * 4};
    m.slopes_transposed = (ut_factor){is16 ? ut_take(s, words) : m.g.data, 4, stride * 4};
    m.d_keys = (ut_rows){ut_take(s, h->rows * h->width * 4), h->width, false};
    m.d_values = (ut_rows){ut_take(s, h->rows * h->width * 4), h->width, false};
    return m;
}

size_t ut_attention_backward_scratch_bytes(const ut_attention_head *head) {
    ut_scratch s = {NULL, 0};
    divide(head, &s);
    return s.used;
}

/// Words of a transposed factor's row: float32, or the bfloat16 of an odd query beside those of the even one before it.
UT_TILE void put(void *row, size_t column, size_t query, bool is16, __m512 x, __mmask16 lanes) {
    uint32_t *words = (uint32_t *)row + column;
    if (!is16) {
        _mm512_mask_storeu_ps(words, lanes, x);
        return;
    }
    __m512i narrow = _mm512_cvtepu16_epi32(ut_narrow16(x));
    if (query % 2)
        narrow = _mm512_or_si512(_mm512_maskz_loadu_epi32(lanes, words), _mm512_slli_epi32(narrow, 16));
    _mm512_mask_storeu_epi32(words, lanes, narrow);
}

UT_TILE void *transposed_row(ut_factor f, size_t query, bool is16) {
    return (char *)f.data + (is16 ? query / 2 : query) * f.step_bytes;
}

/// The probabilities from the scores, in place; what dropout leaves of them, transposed; and dropout's mask on the gradients.
static UT_AVX512 void recompute(const backward_memory *m, const float *log_sum_exp, float scale, size_t rows,
                                size_t columns, ut_dropout d) {
    const bool is16 = m->slopes.is16, drops = d.probability > 0;
    for (size_t r = 0; r < rows; r++) {
        float *p = ut_row(m->p, r), *g = ut_row(m->g, r);
        void *out = transposed_row(m->p_transposed, r, is16);
        const ut_row_mask mask = ut_mask_of_row(d, r);
        const __m512 factor = _mm512_set1_ps(scale), shift = _mm512_set1_ps(-log_sum_exp[r]);
        for (size_t c = 0; c < columns; c += 16) {
            const __mmask16 lanes = ut_lanes(c, columns);
            __m512 e = ut_exp16(_mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes, p + c), factor, shift));
            _mm512_mask_storeu_ps(p + c, lanes, e);
            if (drops) {
                const __m512 keep = ut_keep16(&mask, c);
                e = _mm512_mul_ps(e, keep);
                _mm512_mask_storeu_ps(g + c, lanes, _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, g + c), keep));
            }
            // In float32 and without dropout the factor is the rows of p.
            if (drops || is16) put(out, c, r, is16, e, lanes);
        }
    }
}

/// `scale · p · (g − Σ p g)`, and the same transposed.
static UT_AVX512 void slopes(const backward_memory *m, float scale, size_t rows, size_t columns) {
    const bool is16 = m->slopes.is16;
    for (size_t r = 0; r < rows; r++) {
        const float *p = ut_row(m->p, r), *g = ut_row(m->g, r);
        void *out = ut_row(m->slopes, r), *words = transposed_row(m->slopes_transposed, r, is16);
        __m512 sum = _mm512_setzero_ps();
        for (size_t c = 0; c < columns; c += 16) {
            const __mmask16 lanes = ut_lanes(c, columns);
            sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes, p + c), _mm512_maskz_loadu_ps(lanes, g + c), sum);
        }
        const __m512 dot = _mm512_set1_ps(_mm512_reduce_add_ps(sum)), factor = _mm512_set1_ps(scale);
        for (size_t c = 0; c < columns; c += 16) {
            const __mmask16 lanes = ut_lanes(c, columns);
            const __m512 slope = _mm512_mul_ps(
                _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, p + c), factor),
                _mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, g + c), dot));
            // In float32 the rows of g take them, which are the transposed factor, too.
            if (is16) {
                _mm256_mask_storeu_epi16((uint16_t *)out + c, lanes, ut_narrow16(slope));
                put(words, c, r, true, slope, lanes);
            } else {
                _mm512_mask_storeu_ps((float *)out + c, lanes, slope);
            }
        }
    }
}

void ut_attention_backward(const ut_attention_gradients *gradients, ut_rows d_out, const float *log_sum_exp,
                           const ut_attention_head *h, void *scratch) {
    ut_scratch s = {scratch, 0};
    const backward_memory m = divide(h, &s);
    const bool is16 = h->query.is16;
    const size_t keys = h->rows, width = h->width;
    ut_panels_pack_transposed(m.keys_transposed, h->key, width, keys);
    ut_panels_pack_transposed(m.values_transposed, h->value, width, keys);
    ut_panels_pack(m.keys, h->key, keys, width);
    for (size_t query = 0; query < keys; query += block_rows) {
        const size_t count = keys - query < block_rows ? keys - query : block_rows;
        const ut_rows queries = ut_rows_from(h->query, query), outs = ut_rows_from(d_out, query);
        ut_panels_pack(m.queries, queries, count, width);
        ut_panels_pack(m.d_out, outs, count, width);
        ut_tiles_multiply(m.p, ut_factor_of(queries), m.keys_transposed, is16, count, width, keys, NULL, false, false);
        if (h->positions.bias) ut_positions_add(m.p, ut_positions_of_block(h, query, 0), 1.0f / h->scale, count, keys);
        ut_tiles_multiply(m.g, ut_factor_of(outs), m.values_transposed, is16, count, width, keys, NULL, false, false);
        ut_dropout dropout = h->dropout;
        dropout.first_row += query;
        recompute(&m, log_sum_exp + query, h->scale, count, keys, dropout);
        if (gradients->gate) {
            const ut_positions positions = ut_positions_of_block(h, query, 0);
            ut_positions_backward(gradients->gate + query * positions.gate_stride, gradients->bias, m.p, m.g, positions,
                                  count, keys);
        }
        slopes(&m, h->scale, count, keys);
        ut_tiles_multiply(ut_rows_from(gradients->query, query), ut_factor_of(m.slopes), m.keys, is16, count, keys, width,
                          NULL, false, false);
        ut_tiles_multiply(m.d_values, m.p_transposed, m.d_out, is16, keys, count, width, NULL, false, query > 0);
        ut_tiles_multiply(m.d_keys, m.slopes_transposed, m.queries, is16, keys, count, width, NULL, false, query > 0);
    }
    ut_rows_convert(gradients->key, m.d_keys, keys, width);
    ut_rows_convert(gradients->value, m.d_values, keys, width);
}
#else
size_t ut_attention_backward_scratch_bytes(const ut_attention_head *head) {
    (void)head;
    return 0;
}

void ut_attention_backward(const ut_attention_gradients *gradients, ut_rows d_out, const float *log_sum_exp,
                           const ut_attention_head *h, void *scratch) {
    __builtin_trap();
}
#endif
