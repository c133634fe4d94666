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

UT_INLINE void normalise_row(float *out, const float *x, float mean, float rstd, const float *gamma, const float *beta,
                             size_t columns) {
    for (size_t c = 0; c < columns; c++) out[c] = (x[c] - mean) * rstd * gamma[c] + beta[c];
}

UT_CLONES void ut_layer_norm_forward(ut_rows out, ut_rows operand, ut_rows sum, float *statistics, ut_rows x,
                                     ut_rows addend, ut_dropout d, const float *gamma, const float *beta, float epsilon,
                                     size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(out, r);
        const float *s = ut_row(x, r);
        if (addend.data) {
            // `out`'s row serves as scratch when the sum is not kept.
            float *kept = sum.data ? ut_row(sum, r) : o;
            const void *a = ut_row(addend, r);
            if (d.probability > 0) {
                float scale = 1.0f / (1.0f - d.probability);
                uint32_t low, high, threshold = ut_threshold(d.probability);
                ut_row_key(d, r, &low, &high);
                if (addend.is16)
                    for (size_t c = 0; c < columns; c++)
                        kept[c] = s[c] + ut_load(a, true, c) *
                                             ut_keep(ut_hash(low, high, (uint32_t)c), threshold, scale);
                else
                    for (size_t c = 0; c < columns; c++)
                        kept[c] = s[c] + ut_load(a, false, c) *
                                             ut_keep(ut_hash(low, high, (uint32_t)c), threshold, scale);
            } else if (addend.is16) {
                for (size_t c = 0; c < columns; c++) kept[c] = s[c] + ut_load(a, true, c);
            } else {
                for (size_t c = 0; c < columns; c++) kept[c] = s[c] + ut_load(a, false, c);
            }
            s = kept;
        } else if (sum.data) {
            memcpy(ut_row(sum, r), s, columns * sizeof(float));
        }
        float mean = row_mean(s, columns);
        float rstd = 1.0f / __builtin_sqrtf(row_variance(s, mean, columns) + epsilon);
        normalise_row(o, s, mean, rstd, gamma, beta, columns);
        if (operand.data) {
            void *copy = ut_row(operand, r);
            if (operand.is16)
                for (size_t c = 0; c < columns; c++) ut_store(copy, true, c, o[c]);
            else
                memcpy(copy, o, columns * sizeof(float));
        }
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

UT_CLONES void ut_layer_norm_backward(ut_rows dx, ut_rows d_addend, float *d_gamma, float *d_beta, ut_rows d_out,
                                      ut_rows sum, const float *statistics, ut_dropout d, const float *gamma,
                                      size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(dx, r);
        const float *g = ut_row(d_out, r), *x = ut_row(sum, r);
        float mean = statistics[2 * r], rstd = statistics[2 * r + 1], sum_g, sum_gx;
        for (size_t c = 0; c < columns; c++) {
            d_gamma[c] += g[c] * ((x[c] - mean) * rstd);
            d_beta[c] += g[c];
        }
        backward_sums(g, x, mean, rstd, gamma, columns, &sum_g, &sum_gx);
        float mean_g = sum_g / (float)columns, mean_gx = sum_gx / (float)columns;
        for (size_t c = 0; c < columns; c++)
            o[c] = rstd * (g[c] * gamma[c] - mean_g - (x[c] - mean) * rstd * mean_gx);
    }
    if (d_addend.data) ut_dropout_apply(d_addend, dx, rows, columns, d);
}
