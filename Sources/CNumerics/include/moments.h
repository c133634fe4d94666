#pragma once
#include <stddef.h>
#include <stdint.h>

/// What is known of every column of the rows seen so far. Each pointer has a value per column; all begin at 0, but for
/// `least` (+infinity) and `largest` (−infinity).
typedef struct {
    const float *shift; ///< any value near the column's own, such as its first: what is summed are differences from it
    double *sums;       ///< `Σ (x − shift)`
    double *squares;    ///< `Σ (x − shift)²`
    float *least;
    float *largest;
    uint64_t *skipped; ///< values that are infinite or not a number; they are in nothing else
} ut_moments;

/// Adds float32 `x`, `[rows, columns]`, row after row, in double.
void ut_add_moments(ut_moments into, const float *x, size_t rows, size_t columns);
