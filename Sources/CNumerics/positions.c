#include "include/positions.h"
#include "inline.h"

UT_CLONES void ut_positions_add(ut_rows scores, ut_positions p, float factor, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *s = ut_row(scores, r), gate = factor * p.gate[r * p.gate_stride];
        const float *bias = p.bias - (ptrdiff_t)(p.first + r);
        for (size_t c = 0; c < columns; c++) s[c] += gate * bias[c];
    }
}

UT_INLINE float gate_of_row(const float *p, const float *g, const float *bias, float dot, size_t columns) {
#pragma clang fp reassociate(on)
    float total = 0;
    for (size_t c = 0; c < columns; c++) total += p[c] * (g[c] - dot) * bias[c];
    return total;
}

UT_CLONES void ut_positions_backward(float *d_gate, float *d_bias, ut_rows p, ut_rows g, ut_positions positions,
                                     size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const float *probabilities = ut_row(p, r), *gradients = ut_row(g, r);
        ptrdiff_t shift = (ptrdiff_t)(positions.first + r);
        float dot = ut_row_dot(probabilities, gradients, columns), gate = positions.gate[r * positions.gate_stride];
        d_gate[r * positions.gate_stride] =
            gate_of_row(probabilities, gradients, positions.bias - shift, dot, columns);
        if (!d_bias) continue;
        float *d = d_bias - shift;
        for (size_t c = 0; c < columns; c++) d[c] += gate * probabilities[c] * (gradients[c] - dot);
    }
}

UT_INLINE float sigmoid(float x) { return 1.0f / (1.0f + ut_exp(-x)); }

UT_INLINE float sum_of_four(const void *x, bool is16, size_t at) {
    return ut_load(x, is16, at) + ut_load(x, is16, at + 1) + ut_load(x, is16, at + 2) + ut_load(x, is16, at + 3);
}

UT_CLONES void ut_position_gates(float *out, ut_rows x, const float *constant, size_t heads, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const void *row = ut_row(x, i);
        float a = sigmoid(sum_of_four(row, x.is16, 0)), b = sigmoid(sum_of_four(row, x.is16, 4));
        out[i] = a * (b * constant[i % heads] - 1.0f) + 2.0f;
    }
}

UT_CLONES void ut_position_gates_backward(ut_rows d_x, float *d_constant, const float *d_out, ut_rows x,
                                          const float *constant, size_t heads, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const void *row = ut_row(x, i);
        void *d = ut_row(d_x, i);
        float a = sigmoid(sum_of_four(row, x.is16, 0)), b = sigmoid(sum_of_four(row, x.is16, 4));
        float c = constant[i % heads], g = d_out[i];
        float da = g * (b * c - 1.0f) * a * (1.0f - a), db = g * a * c * b * (1.0f - b);
        for (size_t k = 0; k < 4; k++) ut_store(d, d_x.is16, k, da);
        for (size_t k = 4; k < 8; k++) ut_store(d, d_x.is16, k, db);
        if (d_constant) d_constant[i % heads] += g * a * b;
    }
}
