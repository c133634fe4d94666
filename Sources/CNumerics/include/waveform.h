#pragma once
#include "rows.h"

/// Moments of the windows `x[t·stride ..< t·stride + kernel]`, t < frames, in double: `mean[k]`, and
/// `covariance[k·kernel + l] = mean over t of (x_k − mean_k)(x_l − mean_l)`.
///
/// A convolution with one input channel is linear in its window, so these give the mean and variance over time of each of its
/// output channels, `w·mean` and `wᵀ·covariance·w`, without computing the output.
void ut_window_moments(const float *x, size_t frames, size_t kernel, size_t stride, double *mean, double *covariance);

/// `out[t, c] = gelu?(bias[c] + Σ_k x[t·stride + k] · taps[k·channels + c])` for `frames` frames; `bias` may be NULL.
///
/// A convolution with one input channel has too few inputs for a matrix product to be quick: most of its time goes to what follows.
void ut_waveform_convolution(ut_rows out, const float *x, const float *taps, const float *bias, size_t frames,
                             size_t kernel, size_t stride, size_t channels, bool gelu);
