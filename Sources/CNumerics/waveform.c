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
