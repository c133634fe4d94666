#include "include/activations.h"
#include "inline.h"

// Each loop is written once, always inlined, and instantiated for the element types and for with and without dropout,
// so that no branch is left inside.

UT_INLINE void gelu_row(void *out, bool out16, const void *x, bool x16, size_t columns) {
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++) ut_store(out, out16, c, ut_gelu(ut_load(x, x16, c)));
}

UT_INLINE void drop_row(void *out, bool out16, const void *x, bool x16, size_t columns, ut_dropout d, size_t row) {
    uint32_t low, high, threshold = ut_threshold(d.probability);
    float scale = 1.0f / (1.0f - d.probability);
    ut_row_key(d, row, &low, &high);
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++)
        ut_store(out, out16, c, ut_load(x, x16, c) * ut_keep(ut_hash(low, high, (uint32_t)c), threshold, scale));
}

UT_INLINE void gelu_slope_row(void *dx, const void *d_out, bool d16, const void *x, bool x16, size_t columns) {
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++)
        ut_store(dx, d16, c, ut_load(d_out, d16, c) * ut_gelu_slope(ut_load(x, x16, c)));
}

UT_INLINE void dropped_gelu_slope_row(void *dx, const void *d_out, bool d16, const void *x, bool x16, size_t columns,
                                      ut_dropout d, size_t row) {
    uint32_t low, high, threshold = ut_threshold(d.probability);
    float scale = 1.0f / (1.0f - d.probability);
    ut_row_key(d, row, &low, &high);
    UT_ELEMENTWISE
    for (size_t c = 0; c < columns; c++) {
        float keep = ut_keep(ut_hash(low, high, (uint32_t)c), threshold, scale);
        ut_store(dx, d16, c, ut_load(d_out, d16, c) * keep * ut_gelu_slope(ut_load(x, x16, c)));
    }
}

UT_CLONES void ut_dropout_apply(ut_rows out, ut_rows x, size_t rows, size_t columns, ut_dropout d) {
    if (d.probability <= 0) {
        if (out.data != x.data) ut_rows_convert(out, x, rows, columns);
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        void *o = ut_row(out, r);
        const void *i = ut_row(x, r);
        if (out.is16 && x.is16) drop_row(o, true, i, true, columns, d, r);
        else if (out.is16) drop_row(o, true, i, false, columns, d, r);
        else if (x.is16) drop_row(o, false, i, true, columns, d, r);
        else drop_row(o, false, i, false, columns, d, r);
    }
}

UT_CLONES void ut_gelu_forward(ut_rows out, ut_rows x, size_t rows, size_t columns, ut_dropout d) {
    for (size_t r = 0; r < rows; r++) {
        void *o = ut_row(out, r);
        const void *i = ut_row(x, r);
        if (out.is16 && x.is16) gelu_row(o, true, i, true, columns);
        else if (out.is16) gelu_row(o, true, i, false, columns);
        else if (x.is16) gelu_row(o, false, i, true, columns);
        else gelu_row(o, false, i, false, columns);
        if (d.probability > 0) {
            if (out.is16) drop_row(o, true, o, true, columns, d, r);
            else drop_row(o, false, o, false, columns, d, r);
        }
    }
}

UT_CLONES void ut_gelu_backward(ut_rows dx, ut_rows d_out, ut_rows x, size_t rows, size_t columns, ut_dropout d) {
    for (size_t r = 0; r < rows; r++) {
        void *o = ut_row(dx, r);
        const void *g = ut_row(d_out, r), *i = ut_row(x, r);
        if (d.probability > 0) {
            if (dx.is16 && x.is16) dropped_gelu_slope_row(o, g, true, i, true, columns, d, r);
            else if (dx.is16) dropped_gelu_slope_row(o, g, true, i, false, columns, d, r);
            else if (x.is16) dropped_gelu_slope_row(o, g, false, i, true, columns, d, r);
            else dropped_gelu_slope_row(o, g, false, i, false, columns, d, r);
        } else if (dx.is16 && x.is16) gelu_slope_row(o, g, true, i, true, columns);
        else if (dx.is16) gelu_slope_row(o, g, true, i, false, columns);
        else if (x.is16) gelu_slope_row(o, g, false, i, true, columns);
        else gelu_slope_row(o, g, false, i, false, columns);
    }
}

// The C library's tanhf: heads are a thousandth of the work, and it is exact to an ulp.
void ut_tanh_forward(ut_rows out, ut_rows x, size_t rows, size_t columns, ut_dropout d) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(out, r);
        const float *i = ut_row(x, r);
        for (size_t c = 0; c < columns; c++) o[c] = tanhf(i[c]);
    }
    if (d.probability > 0) ut_dropout_apply(out, out, rows, columns, d);
}

void ut_tanh_backward(ut_rows dx, ut_rows d_out, ut_rows x, size_t rows, size_t columns, ut_dropout d) {
    ut_dropout_apply(dx, d_out, rows, columns, d);
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(dx, r);
        const float *i = ut_row(x, r);
        for (size_t c = 0; c < columns; c++) {
            float t = tanhf(i[c]);
            o[c] *= 1.0f - t * t;
        }
    }
}

UT_CLONES void ut_standardise(ut_rows out, ut_rows x, const float *shift, const float *scale, size_t rows,
                              size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *o = ut_row(out, r);
        const float *i = ut_row(x, r);
        if (shift)
            for (size_t c = 0; c < columns; c++) o[c] = (i[c] - shift[c]) * scale[c];
        else
            for (size_t c = 0; c < columns; c++) o[c] = i[c] * scale[c];
    }
}
