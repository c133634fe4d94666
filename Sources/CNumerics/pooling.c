#include "include/pooling.h"
#include "inline.h"

// Blocks of columns keep the partial sums in registers; blocks of rows keep float32's rounding small on long recordings.
enum { WIDTH = 64, HEIGHT = 64 };

/// `total[c] = Σ_r w_r x[r, begin + c]`, or of the squared distance from `centre[c]` where there is one.
UT_INLINE void weighted_sums(float *total, ut_rows x, const float *weights, const float *centre, size_t rows,
                             size_t begin, size_t width) {
    for (size_t c = 0; c < width; c++) total[c] = 0;
    for (size_t top = 0; top < rows; top += HEIGHT) {
        size_t bottom = rows - top < HEIGHT ? rows : top + HEIGHT;
        float partial[WIDTH] = {0};
        for (size_t r = top; r < bottom; r++) {
            const float *i = (const float *)ut_row(x, r) + begin, w = weights ? weights[r] : 1.0f;
            if (centre)
                for (size_t c = 0; c < width; c++) partial[c] += w * (i[c] - centre[c]) * (i[c] - centre[c]);
            else
                for (size_t c = 0; c < width; c++) partial[c] += w * i[c];
        }
        for (size_t c = 0; c < width; c++) total[c] += partial[c];
    }
}

UT_CLONES void ut_pool_statistics(float *mean, float *deviation, ut_rows x, const float *weights, float epsilon,
                                  size_t rows, size_t columns) {
    float factor = weights ? 1.0f : 1.0f / (float)rows;
    for (size_t begin = 0; begin < columns; begin += WIDTH) {
        size_t width = columns - begin < WIDTH ? columns - begin : WIDTH;
        float centre[WIDTH], total[WIDTH];
        weighted_sums(total, x, weights, NULL, rows, begin, width);
        for (size_t c = 0; c < width; c++) centre[c] = total[c] * factor;
        weighted_sums(total, x, weights, centre, rows, begin, width);
        for (size_t c = 0; c < width; c++) {
            mean[begin + c] = centre[c];
            deviation[begin + c] = __builtin_sqrtf(total[c] * factor + epsilon);
        }
    }
}

/// `Σ_c z (slope[c] + rate[c] z / 2)`, `z = x − centre`.
UT_INLINE float weight_slope(const float *x, const float *centre, const float *slope, const float *rate, size_t width) {
#pragma clang fp reassociate(on)
    float total = 0;
    for (size_t c = 0; c < width; c++) {
        float z = x[c] - centre[c];
        total += z * (slope[c] + 0.5f * rate[c] * z);
    }
    return total;
}

UT_CLONES void ut_pool_statistics_backward(ut_rows dx, float *d_weights, const float *d_mean, const float *d_deviation,
                                           const float *mean, const float *deviation, ut_rows x, const float *weights,
                                           size_t rows, size_t columns) {
    if (d_weights)
        for (size_t r = 0; r < rows; r++) d_weights[r] = 0;
    for (size_t begin = 0; begin < columns; begin += WIDTH) {
        size_t width = columns - begin < WIDTH ? columns - begin : WIDTH;
        // Copies, so that the compiler knows that the rows written are none of them.
        float centre[WIDTH], slope[WIDTH], rate[WIDTH], row[WIDTH];
        for (size_t c = 0; c < width; c++) {
            centre[c] = mean[begin + c];
            slope[c] = d_mean[begin + c];
            rate[c] = d_deviation[begin + c] / deviation[begin + c];
        }
        for (size_t r = 0; r < rows; r++) {
            const float *i = (const float *)ut_row(x, r) + begin, w = weights ? weights[r] : 1.0f / (float)rows;
            float *o = (float *)ut_row(dx, r) + begin;
            memcpy(row, i, width * sizeof(float));
            if (d_weights) d_weights[r] += weight_slope(row, centre, slope, rate, width);
            for (size_t c = 0; c < width; c++) o[c] = w * (slope[c] + rate[c] * (row[c] - centre[c]));
        }
    }
}
