#include "include/normalisation.h"
#include "include/activations.h"
#include "inline.h"

UT_INLINE float row_mean(const float *x, size_t columns) {
#pragma clang fp reassociate(on)
    float total = 0;
    for (size_t c = 0; c < columns; c++) total += x[c];
    return total / (float)columns;
}

UT_INLINE float row_variance(const float *x, float mean, size_t columns) {
#pragma clang fp reassociate(on)
    float total = 0;
    for (size_t c = 0; c < columns; c++) total += (x[c] - mean) * (x[c] - mean);
    return total / (float)columns;
}

UT_INLINE void normalise_row(void *out, bool out16, const float *x, float mean, float rstd, const float *gamma,
                             const float *beta, size_t columns) {
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++) ut_store(out, out16, c, (x[c] - mean) * rstd * gamma[c] + beta[c]);
}

UT_CLONES void ut_layer_norm_forward(ut_rows out, ut_rows operand, ut_rows sum, float *statistics, ut_rows x,
                                     ut_rows addend, ut_dropout d, const float *gamma, const float *beta, float epsilon,
                                     size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *o = out.data ? ut_row(out, r) : NULL;
        const float *s = ut_row(x, r);
        if (addend.data) {
            // `out`'s row serves as scratch when the sum is not kept.
            float *kept = sum.data ? ut_row(sum, r) : o;
            const void *a = ut_row(addend, r);
            if (d.probability > 0 && addend.is16) ut_sum_dropped_row(kept, s, a, true, columns, d, r);
            else if (d.probability > 0) ut_sum_dropped_row(kept, s, a, false, columns, d, r);
            else if (addend.is16) ut_sum_row(kept, s, a, true, columns);
            else ut_sum_row(kept, s, a, false, columns);
            s = kept;
        } else if (sum.data) {
            memcpy(ut_row(sum, r), s, columns * sizeof(float));
        }
        float mean = row_mean(s, columns);
        float rstd = 1.0f / __builtin_sqrtf(row_variance(s, mean, columns) + epsilon);
        // The operand first: its row may not be derived from `out`, which may be the row that is being normalised.
        if (operand.data) {
            void *copy = ut_row(operand, r);
            if (operand.is16) normalise_row(copy, true, s, mean, rstd, gamma, beta, columns);
            else normalise_row(copy, false, s, mean, rstd, gamma, beta, columns);
        }
        if (o) normalise_row(o, false, s, mean, rstd, gamma, beta, columns);
        if (statistics) {
            statistics[2 * r] = mean;
            statistics[2 * r + 1] = rstd;
        }
    }
}

UT_INLINE void backward_sums(const float *g, const float *x, float mean, float rstd, const float *gamma, size_t columns,
                             float *sum_g, float *sum_gx) {
#pragma clang fp reassociate(on)
    float a = 0, b = 0;
    for (size_t c = 0; c < columns; c++) {
        float scaled = g[c] * gamma[c];
        a += scaled;
        b += scaled * ((x[c] - mean) * rstd);
    }
    *sum_g = a;
    *sum_gx = b;
}

UT_CLONES void ut_layer_norm_backward(ut_rows dx, bool accumulate, ut_rows d_addend, float *d_gamma,
                                      float *d_beta, ut_rows d_out, ut_rows sum, const float *statistics, ut_dropout d,
                                      const float *gamma, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(dx, r);
        const float *g = ut_row(d_out, r), *x = ut_row(sum, r);
        float mean = statistics[2 * r], rstd = statistics[2 * r + 1], sum_g, sum_gx;
        if (d_gamma)
            for (size_t c = 0; c < columns; c++) d_gamma[c] += g[c] * ((x[c] - mean) * rstd);
        if (d_beta)
            for (size_t c = 0; c < columns; c++) d_beta[c] += g[c];
        backward_sums(g, x, mean, rstd, gamma, columns, &sum_g, &sum_gx);
        float mean_g = sum_g / (float)columns, mean_gx = sum_gx / (float)columns;
        if (accumulate)
            for (size_t c = 0; c < columns; c++)
                o[c] += rstd * (g[c] * gamma[c] - mean_g - (x[c] - mean) * rstd * mean_gx);
        else
            for (size_t c = 0; c < columns; c++)
                o[c] = rstd * (g[c] * gamma[c] - mean_g - (x[c] - mean) * rstd * mean_gx);
    }
    if (d_addend.data) ut_dropout_apply(d_addend, dx, rows, columns, d);
}

UT_INLINE void activate_row(void *out, bool out16, const float *x, float mean, float rstd, const float *gamma,
                            const float *beta, size_t columns) {
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++) ut_store(out, out16, c, ut_gelu((x[c] - mean) * rstd * gamma[c] + beta[c]));
}

UT_CLONES void ut_layer_norm_gelu(ut_rows out, ut_rows x, const float *gamma, const float *beta, float epsilon,
                                  size_t rows, size_t columns) {
    float wide[4096];
    for (size_t r = 0; r < rows; r++) {
        const void *i = ut_row(x, r);
        void *o = ut_row(out, r);
        if (x.is16)
            for (size_t c = 0; c < columns; c++) wide[c] = ut_load(i, true, c);
        else
            memcpy(wide, i, columns * sizeof(float));
        float mean = row_mean(wide, columns);
        float rstd = 1.0f / __builtin_sqrtf(row_variance(wide, mean, columns) + epsilon);
        if (out.is16) activate_row(o, true, wide, mean, rstd, gamma, beta, columns);
        else activate_row(o, false, wide, mean, rstd, gamma, beta, columns);
    }
}
