#pragma once
#include "rows.h"

/// Matrix products in tiles of registers, for what a library's products cannot express: factors whose rows overlap, as the windows
/// of a convolution do, and factors too small and short-lived to compile for.
///
/// The right factor `b[k, n]` lies in panels of 64 columns, one after the other, each `k` rows of up to 64 columns (a multiple of
/// 16, zeros beyond `n`). In bfloat16, rows come in pairs: for each column the elements of both side by side.
///
/// Every element of a product is one sum in the order of `k`, whatever tile it falls into: results depend neither on how rows
/// are divided nor on where the factors lie.

/// Whether this processor has the instructions: AVX-512 for float32, and its BF16 extension for bfloat16.
bool ut_tiles_available(bool is16);

size_t ut_panels_bytes(size_t k, size_t n, bool is16);
/// From `b[k, n]`.
void ut_panels_pack(void *panels, ut_rows b, size_t k, size_t n);
/// From `bt[n, k]`, the transposed.
void ut_panels_pack_transposed(void *panels, ut_rows bt, size_t k, size_t n);
/// Back to `bt[n, k]`.
void ut_panels_unpack_transposed(ut_rows bt, const void *panels, size_t k, size_t n);

/// The left factor `a[m, k]`. Rows may overlap.
typedef struct {
    const void *data;
    size_t row_bytes;  ///< from a row to the next
    size_t step_bytes; ///< from a column to the next, in bfloat16 from a pair of columns to the next: 4 within contiguous rows
} ut_factor;

/// `c[m, n] = a[m, k] · b[k, n] (+ bias[n])`, then GELU where `gelu`; or `c += a · b` where `accumulate`, for c in float32.
/// `is16` says what the factors are; c is in float32, or in bfloat16 where the processor has the tiles for that.
void ut_tiles_multiply(ut_rows c, ut_factor a, const void *panels, bool is16, size_t m, size_t k, size_t n,
                       const float *bias, bool gelu, bool accumulate);
