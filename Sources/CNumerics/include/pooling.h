#pragma once
#include "rows.h"

/// Weighted moments of each column over the rows of one utterance, all float32. `weights` sum to one; NULL: every row's is
/// `1 / rows`.

/// `mean[c] = Σ_r w_r x[r, c]`, `deviation[c] = √(Σ_r w_r (x[r, c] − mean[c])² + epsilon)`.
void ut_pool_statistics(float *mean, float *deviation, ut_rows x, const float *weights, float epsilon, size_t rows,
                        size_t columns);

/// Their gradients, with `z = x − mean`: `dx[r, c] = w_r (d_mean[c] + d_deviation[c] z[r, c] / deviation[c])`, and, up to what is
/// the same for every row, `d_weights[r] = Σ_c z[r, c] (d_mean[c] + d_deviation[c] z[r, c] / (2 deviation[c]))`.
/// `dx` may be `x`; `d_weights` may be NULL.
void ut_pool_statistics_backward(ut_rows dx, float *d_weights, const float *d_mean, const float *d_deviation,
                                 const float *mean, const float *deviation, ut_rows x, const float *weights,
                                 size_t rows, size_t columns);
