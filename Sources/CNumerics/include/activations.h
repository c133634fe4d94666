#pragma once
#include "rows.h"

/// `out = dropout(gelu(x))`, exact GELU `x Φ(x)` (Hendrycks and Gimpel 2016). `out` may be `x`.
void ut_gelu_forward(ut_rows out, ut_rows x, size_t rows, size_t columns, ut_dropout dropout);
/// `dx = dropout'(d_out) · (Φ(x) + x φ(x))`. `dx` may be `d_out`.
void ut_gelu_backward(ut_rows dx, ut_rows d_out, ut_rows x, size_t rows, size_t columns, ut_dropout dropout);
/// `out = dropout(x)`. `out` may be `x`.
void ut_dropout_apply(ut_rows out, ut_rows x, size_t rows, size_t columns, ut_dropout dropout);
/// `out = dropout(tanh(x))`, float32. `out` may be `x`.
void ut_tanh_forward(ut_rows out, ut_rows x, size_t rows, size_t columns, ut_dropout dropout);
/// `dx = dropout'(d_out) · (1 − tanh²(x))`, float32. `dx` may be `d_out`.
void ut_tanh_backward(ut_rows dx, ut_rows d_out, ut_rows x, size_t rows, size_t columns, ut_dropout dropout);
/// `out[r, c] = (x[r, c] − shift[c]) · scale[c]`, float32; `shift` may be NULL for 0. `out` may be `x`.
void ut_standardise(ut_rows out, ut_rows x, const float *shift, const float *scale, size_t rows, size_t columns);
