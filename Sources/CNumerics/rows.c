#include "inline.h"

UT_INLINE void convert_row(void *out, bool out16, const void *x, bool x16, size_t columns) {
    for (size_t c = 0; c < columns; c++) ut_store(out, out16, c, ut_load(x, x16, c));
}

UT_CLONES void ut_rows_convert(ut_rows out, ut_rows x, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        void *o = ut_row(out, r);
        const void *i = ut_row(x, r);
        if (out.is16 == x.is16) memcpy(o, i, columns * (x.is16 ? 2 : 4));
        else if (x.is16) convert_row(o, false, i, true, columns);
        else convert_row(o, true, i, false, columns);
    }
}

UT_CLONES void ut_rows_add(ut_rows out, ut_rows x, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(out, r);
        const void *i = ut_row(x, r);
        if (x.is16)
            for (size_t c = 0; c < columns; c++) o[c] += ut_load(i, true, c);
        else
            for (size_t c = 0; c < columns; c++) o[c] += ut_load(i, false, c);
    }
}

UT_CLONES void ut_rows_sum(ut_rows out, ut_rows x, ut_rows addend, size_t rows, size_t columns, ut_dropout d) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(out, r);
        const float *i = ut_row(x, r);
        const void *a = ut_row(addend, r);
        if (d.probability > 0 && addend.is16) ut_sum_dropped_row(o, i, a, true, columns, d, r);
        else if (d.probability > 0) ut_sum_dropped_row(o, i, a, false, columns, d, r);
        else if (addend.is16) ut_sum_row(o, i, a, true, columns);
        else ut_sum_row(o, i, a, false, columns);
    }
}

UT_CLONES void ut_rows_sum_columns(float *out, ut_rows x, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *i = ut_row(x, r);
        if (x.is16)
            for (size_t c = 0; c < columns; c++) out[c] += ut_load(i, true, c);
        else
            for (size_t c = 0; c < columns; c++) out[c] += ut_load(i, false, c);
    }
}

UT_CLONES void ut_rows_mean(float *out, ut_rows x, size_t rows, size_t columns) {
    // Blocks of columns keep the partial sums in registers; blocks of rows keep float32's rounding small on long recordings.
    enum { WIDTH = 64, HEIGHT = 64 };
    for (size_t begin = 0; begin < columns; begin += WIDTH) {
        size_t width = columns - begin < WIDTH ? columns - begin : WIDTH;
        float total[WIDTH] = {0};
        for (size_t top = 0; top < rows; top += HEIGHT) {
            size_t bottom = rows - top < HEIGHT ? rows : top + HEIGHT;
            float partial[WIDTH] = {0};
            for (size_t r = top; r < bottom; r++) {
                const void *i = ut_row(x, r);
                if (x.is16)
                    for (size_t c = 0; c < width; c++) partial[c] += ut_load(i, true, begin + c);
                else
                    for (size_t c = 0; c < width; c++) partial[c] += ut_load(i, false, begin + c);
            }
            for (size_t c = 0; c < width; c++) total[c] += partial[c];
        }
        for (size_t c = 0; c < width; c++) out[begin + c] = total[c] / (float)rows;
    }
}

UT_CLONES void ut_rows_broadcast(ut_rows out, const float *value, float factor, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        void *o = ut_row(out, r);
        if (out.is16)
            for (size_t c = 0; c < columns; c++) ut_store(o, true, c, value[c] * factor);
        else
            for (size_t c = 0; c < columns; c++) ut_store(o, false, c, value[c] * factor);
    }
}

UT_CLONES double ut_sum_of_squares(const float *x, size_t count) {
#pragma clang fp reassociate(on)
    double total = 0;
    for (size_t i = 0; i < count; i++) total += (double)x[i] * (double)x[i];
    return total;
}
