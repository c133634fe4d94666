#pragma once
#include <stddef.h>
#include <stdint.h>

/// Adds rows to what is known of each of their columns, row after row, in double.
///
/// @param sums     `Σ (x − shift)`, accumulated
/// @param squares  `Σ (x − shift)²`, accumulated
/// @param least    lowered; +infinity at the beginning
/// @param largest  raised; −infinity at the beginning
/// @param skipped  values that are infinite or not a number, counted; they are in nothing else
/// @param shift    any value near the column's own, such as its first: what is summed are differences from it
/// @param x        `[rows, columns]`; each of the others has a value per column
void ut_add_moments(double *sums, double *squares, float *least, float *largest, uint64_t *skipped, const float *shift,
                    const float *x, size_t rows, size_t columns);
