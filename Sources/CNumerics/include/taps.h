#pragma once
#include "rows.h"

/// Convolution weights between the checkpoint's order `v[o, i, k]` and that of channels-last rows `w[o, k·inputs + i]`.

/// `squares[k] = Σ_o Σ_i v[o, i, k]²`, in double.
void ut_tap_squares(double *squares, const float *v, size_t outputs, size_t inputs, size_t taps);
/// `w[o, k·inputs + i] = factor[k] · v[o, i, k]`.
void ut_tap_major(ut_rows w, const float *v, const float *factor, size_t outputs, size_t inputs, size_t taps);
/// `dots[k] = Σ_o Σ_i d[o, k·inputs + i] · v[o, i, k]`, in double; `d` in float32.
void ut_tap_dots(double *dots, ut_rows d, const float *v, size_t outputs, size_t inputs, size_t taps);
/// `dv[o, i, k] += factor[k] · d[o, k·inputs + i] − pull[k] · v[o, i, k]`; `d` in float32.
void ut_tap_major_backward(float *dv, ut_rows d, const float *v, const float *factor, const float *pull, size_t outputs,
                           size_t inputs, size_t taps);
/// `out[i, k·outputs + o] = w[o, (taps − 1 − k)·inputs + i]`: the weight that carries gradients back through a convolution of
/// stride 1, for one group of `outputs` and `inputs` channels. Both in the same precision.
void ut_tap_flip(ut_rows out, ut_rows w, size_t outputs, size_t inputs, size_t taps);
