#include "include/waveform.h"
#include "inline.h"

UT_CLONES void ut_window_moments(const float *x, size_t frames, size_t kernel, size_t stride, double *mean,
                                 double *covariance) {
#pragma clang fp reassociate(on)
    for (size_t k = 0; k < kernel; k++) {
        double total = 0;
        for (size_t t = 0; t < frames; t++) total += x[t * stride + k];
        mean[k] = total / (double)frames;
    }
    for (size_t k = 0; k < kernel; k++)
        for (size_t l = k; l < kernel; l++) {
            double total = 0, mean_k = mean[k], mean_l = mean[l];
            for (size_t t = 0; t < frames; t++) total += (x[t * stride + k] - mean_k) * (x[t * stride + l] - mean_l);
            covariance[k * kernel + l] = covariance[l * kernel + k] = total / (double)frames;
        }
}

enum { WIDTH = 64 };

UT_INLINE void convolve_block(void *out, bool out16, const float *x, const float *taps, const float *bias, size_t kernel,
                              size_t channels, size_t first, size_t width, bool gelu) {
    float sums[WIDTH];
    for (size_t c = 0; c < width; c++) sums[c] = bias ? bias[first + c] : 0.0f;
    for (size_t k = 0; k < kernel; k++) {
        const float *row = taps + k * channels + first;
        for (size_t c = 0; c < width; c++) sums[c] += x[k] * row[c];
    }
    if (gelu)
        for (size_t c = 0; c < width; c++) ut_store(out, out16, first + c, ut_gelu(sums[c]));
    else
        for (size_t c = 0; c < width; c++) ut_store(out, out16, first + c, sums[c]);
}

UT_INLINE void convolve_row(void *out, bool out16, const float *x, const float *taps, const float *bias, size_t kernel,
                            size_t channels, bool gelu) {
    size_t first = 0;
    for (; first + WIDTH <= channels; first += WIDTH)
        convolve_block(out, out16, x, taps, bias, kernel, channels, first, WIDTH, gelu);
    if (first < channels)
        convolve_block(out, out16, x, taps, bias, kernel, channels, first, channels - first, gelu);
}

UT_CLONES void ut_waveform_convolution(ut_rows out, const float *x, const float *taps, const float *bias, size_t frames,
                                       size_t kernel, size_t stride, size_t channels, bool gelu) {
    for (size_t t = 0; t < frames; t++) {
        void *row = ut_row(out, t);
        const float *window = x + t * stride;
        if (out.is16 && gelu) convolve_row(row, true, window, taps, bias, kernel, channels, true);
        else if (out.is16) convolve_row(row, true, window, taps, bias, kernel, channels, false);
        else if (gelu) convolve_row(row, false, window, taps, bias, kernel, channels, true);
        else convolve_row(row, false, window, taps, bias, kernel, channels, false);
    }
}
