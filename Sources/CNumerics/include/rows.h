#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A block of rows in float32, or in bfloat16 when `is16`. `data` may be NULL where a function says so.
typedef struct {
    void *data;
    size_t stride; ///< elements from one row to the next
    bool is16;
} ut_rows;

/// Dropout by a counter-based generator: element `(row, column)` of the matrix is dropped if
/// `hash(key, row · columns + column) < probability`, and scaled by `1 / (1 − probability)` otherwise. Forward and backward
/// draw the same mask from the same key. A probability of 0 leaves everything as it is.
typedef struct {
    uint64_t key;
    float probability;
    size_t first_row; ///< row of the whole matrix that row 0 of the block is
} ut_dropout;

/// `out = x`, converting.
void ut_rows_convert(ut_rows out, ut_rows x, size_t rows, size_t columns);
/// `out += x`, `out` in float32.
void ut_rows_add(ut_rows out, ut_rows x, size_t rows, size_t columns);
/// `out = x + dropout(addend)`, `out` and `x` in float32. `out` may be `x`.
void ut_rows_sum(ut_rows out, ut_rows x, ut_rows addend, size_t rows, size_t columns, ut_dropout dropout);
/// `out[c] += Σ_r x[r, c]`, in float32, for `columns` columns.
void ut_rows_sum_columns(float *out, ut_rows x, size_t rows, size_t columns);
/// `out[c] = mean over rows of x[r, c]`, accumulated in float32 by blocks of 64 rows.
void ut_rows_mean(float *out, ut_rows x, size_t rows, size_t columns);
/// `out[r, c] = value[c] · factor` for every row.
void ut_rows_broadcast(ut_rows out, const float *value, float factor, size_t rows, size_t columns);
/// `Σ x²`, accumulated in double.
double ut_sum_of_squares(const float *x, size_t count);
