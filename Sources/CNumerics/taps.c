#include "include/taps.h"
#include "inline.h"

void ut_tap_squares(double *squares, const float *v, size_t outputs, size_t inputs, size_t taps) {
    memset(squares, 0, taps * sizeof(double));
    for (size_t row = 0; row < outputs * inputs; row++)
        for (size_t k = 0; k < taps; k++) squares[k] += (double)v[row * taps + k] * (double)v[row * taps + k];
}

void ut_tap_major(ut_rows w, const float *v, const float *factor, size_t outputs, size_t inputs, size_t taps) {
    for (size_t o = 0; o < outputs; o++) {
        void *row = ut_row(w, o);
        for (size_t i = 0; i < inputs; i++)
            for (size_t k = 0; k < taps; k++)
                ut_store(row, w.is16, k * inputs + i, factor[k] * v[(o * inputs + i) * taps + k]);
    }
}

void ut_tap_dots(double *dots, ut_rows d, const float *v, size_t outputs, size_t inputs, size_t taps) {
    memset(dots, 0, taps * sizeof(double));
    for (size_t o = 0; o < outputs; o++) {
        const float *row = ut_row(d, o);
        for (size_t i = 0; i < inputs; i++)
            for (size_t k = 0; k < taps; k++)
                dots[k] += (double)row[k * inputs + i] * (double)v[(o * inputs + i) * taps + k];
    }
}

void ut_tap_major_backward(float *dv, ut_rows d, const float *v, const float *factor, const float *pull, size_t outputs,
                           size_t inputs, size_t taps) {
    for (size_t o = 0; o < outputs; o++) {
        const float *row = ut_row(d, o);
        for (size_t i = 0; i < inputs; i++) {
            size_t first = (o * inputs + i) * taps;
            for (size_t k = 0; k < taps; k++)
                dv[first + k] += factor[k] * row[k * inputs + i] - pull[k] * v[first + k];
        }
    }
}

void ut_tap_flip(ut_rows out, ut_rows w, size_t outputs, size_t inputs, size_t taps) {
    size_t size = w.is16 ? 2 : 4;
    for (size_t o = 0; o < outputs; o++) {
        const char *from = ut_row(w, o);
        for (size_t k = 0; k < taps; k++)
            for (size_t i = 0; i < inputs; i++)
                memcpy((char *)ut_row(out, i) + (k * outputs + o) * size,
                       from + ((taps - 1 - k) * inputs + i) * size, size);
    }
}
