#pragma once
#include "rows.h"

/// `sum = x + dropout(addend)`, `out = (sum − mean)·rstd·gamma + beta` over each row, `rstd = 1/√(var + epsilon)` (Ba et al. 2016).
///
/// `addend`, `sum`, `operand` (a second copy of `out`, usually bfloat16) and `statistics` ([rows, 2]: mean, rstd) may have no
/// data. Statistics are taken in two passes over float32.
void ut_layer_norm_forward(ut_rows out, ut_rows operand, ut_rows sum, float *statistics, ut_rows x, ut_rows addend,
                           ut_dropout dropout, const float *gamma, const float *beta, float epsilon, size_t rows,
                           size_t columns);

/// `dx = rstd · (g − mean(g) − x̂ · mean(g·x̂))` with `g = d_out · gamma`; `d_addend = dropout'(dx)`; adds to `d_gamma` and `d_beta`.
/// `sum` and `statistics` are the forward's. `d_addend` may have no data; `dx` may be `d_out`.
void ut_layer_norm_backward(ut_rows dx, ut_rows d_addend, float *d_gamma, float *d_beta, ut_rows d_out, ut_rows sum,
                            const float *statistics, ut_dropout dropout, const float *gamma, size_t rows,
                            size_t columns);
