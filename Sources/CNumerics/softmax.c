#include "include/softmax.h"
#include "include/activations.h"
#include "inline.h"

UT_INLINE float row_maximum(const float *x, size_t columns) {
    float lanes[16];
    for (int l = 0; l < 16; l++) lanes[l] = x[0];
    size_t c = 0;
    for (; c + 16 <= columns; c += 16)
        for (int l = 0; l < 16; l++) lanes[l] = x[c + l] > lanes[l] ? x[c + l] : lanes[l];
    float m = lanes[0];
    for (int l = 1; l < 16; l++) m = lanes[l] > m ? lanes[l] : m;
    for (; c < columns; c++) m = x[c] > m ? x[c] : m;
    return m;
}

UT_INLINE float exponentials(float *x, float scale, float maximum, size_t columns) {
#pragma clang fp reassociate(on)
    float total = 0;
    for (size_t c = 0; c < columns; c++) {
        float e = ut_exp(scale * (x[c] - maximum));
        x[c] = e;
        total += e;
    }
    return total;
}

UT_INLINE void scaled_row(void *out, bool out16, const float *x, float factor, size_t columns) {
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++) ut_store(out, out16, c, x[c] * factor);
}

UT_CLONES void ut_softmax_forward(ut_rows p, float *log_sum_exp, ut_rows scores, float scale, size_t rows,
                                  size_t columns, ut_dropout d) {
    for (size_t r = 0; r < rows; r++) {
        float *s = ut_row(scores, r);
        void *o = ut_row(p, r);
        float maximum = row_maximum(s, columns), total = exponentials(s, scale, maximum, columns);
        if (p.is16) scaled_row(o, true, s, 1.0f / total, columns);
        else scaled_row(o, false, s, 1.0f / total, columns);
        if (log_sum_exp) log_sum_exp[r] = scale * maximum + logf(total);
    }
    if (d.probability > 0) ut_dropout_apply(p, p, rows, columns, d);
}

UT_CLONES void ut_softmax_recompute(ut_rows scores, ut_rows dropped, const float *log_sum_exp, float scale, size_t rows,
                                    size_t columns, ut_dropout d) {
    for (size_t r = 0; r < rows; r++) {
        float *s = ut_row(scores, r);
        for (size_t c = 0; c < columns; c++) s[c] = ut_exp(scale * s[c] - log_sum_exp[r]);
    }
    ut_dropout_apply(dropped, scores, rows, columns, d);
}

UT_INLINE void slope_row(void *out, bool out16, const float *p, const float *g, float dot, float scale, size_t columns) {
    for (size_t c = 0; c < columns; c++) ut_store(out, out16, c, scale * p[c] * (g[c] - dot));
}

UT_CLONES void ut_softmax_backward(ut_rows d_scores, ut_rows p, ut_rows d_p, float scale, size_t rows, size_t columns,
                                   ut_dropout d) {
    if (d.probability > 0) ut_dropout_apply(d_p, d_p, rows, columns, d);
    for (size_t r = 0; r < rows; r++) {
        const float *probabilities = ut_row(p, r), *g = ut_row(d_p, r);
        float dot = ut_row_dot(probabilities, g, columns);
        void *o = ut_row(d_scores, r);
        if (d_scores.is16) slope_row(o, true, probabilities, g, dot, scale, columns);
        else slope_row(o, false, probabilities, g, dot, scale, columns);
    }
}
