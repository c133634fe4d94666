#pragma once
#include "rows.h"

/// `sum = x + dropout(addend)`, `out = (sum − mean)·rstd·gamma + beta` over each row, `rstd = 1/√(var + epsilon)` (Ba et al. 2016).
///
/// `addend`, `sum`, `out` (float32), `operand` (the same rows, usually in bfloat16) and `statistics` ([rows, 2]: mean, rstd) may
/// have no data, but of `out` and `sum` one must have if there is an `addend`. Statistics are taken in two passes over float32.
void ut_layer_norm_forward(ut_rows out, ut_rows operand, ut_rows sum, float *statistics, ut_rows x, ut_rows addend,
                           ut_dropout dropout, const float *gamma, const float *beta, float epsilon, size_t rows,
                           size_t columns);

/// `dx = rstd · (g − mean(g) − x̂ · mean(g·x̂))` with `g = d_out · gamma`, or `dx +=` that if `accumulate`;
/// `d_addend = dropout'(dx)`; adds to `d_gamma` and `d_beta`, if there are any.
/// `sum` and `statistics` are the forward's. `d_addend` may have no data; `dx` may be `d_out` unless it is added to.
void ut_layer_norm_backward(ut_rows dx, bool accumulate, ut_rows d_addend, float *d_gamma, float *d_beta, ut_rows d_out,
                            ut_rows sum, const float *statistics, ut_dropout dropout, const float *gamma, size_t rows,
                            size_t columns);

/// `out = gelu((x − mean)·rstd·gamma + beta)` over each row. `out` may be `x`; rows are at most 4096 wide.
void ut_layer_norm_gelu(ut_rows out, ut_rows x, const float *gamma, const float *beta, float epsilon, size_t rows,
                        size_t columns);
