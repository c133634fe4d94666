#include "attention_scratch.h"

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

UT_INLINE void exponentials(float *x, float scale, float log_sum_exp, size_t columns) {
    for (size_t c = 0; c < columns; c++) x[c] = ut_exp(scale * x[c] - log_sum_exp);
}

/// Word `c` of a row of pairs: the first of them, or the second beside it.
UT_INLINE void put(uint32_t *pairs, bool second, size_t c, float x) {
    pairs[c] = second ? pairs[c] | (uint32_t)ut_narrow(x) << 16 : ut_narrow(x);
}

UT_INLINE void dropped_row(void *out, bool is16, bool second, const float *p, float *g, size_t columns, ut_dropout d,
                           size_t row) {
    uint32_t low, high, threshold = ut_threshold(d.probability);
    const float scale = 1.0f / (1.0f - d.probability);
    ut_row_key(d, row, &low, &high);
    for (size_t c = 0; c < columns; c++) {
        const float keep = ut_keep(ut_hash(low, high, (uint32_t)c), threshold, scale);
        g[c] *= keep;
        if (is16) put(out, second, c, p[c] * keep);
        else ((float *)out)[c] = p[c] * keep;
    }
}

UT_INLINE void paired_row(uint32_t *out, bool second, const float *p, size_t columns) {
    for (size_t c = 0; c < columns; c++) put(out, second, c, p[c]);
}

/// The probabilities from the scores, in place; what dropout leaves of them, transposed; and dropout's mask on the gradients.
UT_CLONES static void recompute(const backward_memory *m, const float *log_sum_exp, float scale, size_t rows, size_t columns,
                                ut_dropout d) {
    const bool is16 = m->slopes.is16;
    for (size_t r = 0; r < rows; r++) {
        float *p = ut_row(m->p, r), *g = ut_row(m->g, r);
        void *out = (char *)m->p_transposed.data + (is16 ? r / 2 : r) * m->p_transposed.step_bytes;
        exponentials(p, scale, log_sum_exp[r], columns);
        if (d.probability > 0) {
            if (!is16) dropped_row(out, false, false, p, g, columns, d, r);
            else if (r % 2) dropped_row(out, true, true, p, g, columns, d, r);
            else dropped_row(out, true, false, p, g, columns, d, r);
        } else if (is16) {
            if (r % 2) paired_row(out, true, p, columns);
            else paired_row(out, false, p, columns);
        }
    }
}

UT_INLINE void slope_row(uint16_t *out, uint32_t *pairs, bool second, const float *p, const float *g, float dot,
                         float scale, size_t columns) {
    for (size_t c = 0; c < columns; c++) {
        const float slope = scale * p[c] * (g[c] - dot);
        out[c] = ut_narrow(slope);
        put(pairs, second, c, slope);
    }
}

/// `scale · p · (g − Σ p g)`, and the same transposed.
UT_CLONES static void slopes(const backward_memory *m, float scale, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const float *p = ut_row(m->p, r);
        float *g = ut_row(m->g, r), dot = ut_row_dot(p, g, columns);
        if (m->slopes.is16) {
            uint32_t *pairs = (uint32_t *)((char *)m->slopes_transposed.data + r / 2 * m->slopes_transposed.step_bytes);
            if (r % 2) slope_row(ut_row(m->slopes, r), pairs, true, p, g, dot, scale, columns);
            else slope_row(ut_row(m->slopes, r), pairs, false, p, g, dot, scale, columns);
        } else {
            for (size_t c = 0; c < columns; c++) g[c] = scale * p[c] * (g[c] - dot);
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
