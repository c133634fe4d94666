/// A thin shim over oneDNN that hides the difference between its C APIs 2.x (Debian 12) and 3.x (Debian 13, Ubuntu 24.04).
///
/// One primitive is enough for the encoder: the matrix product (the engine turns convolutions into products without
/// copying). It is immutable once created and may be executed by several threads at once, each with a scratchpad of its own. oneDNN's own OpenMP
/// threads are not used: the caller divides the work, and every thread compiles and runs its part for itself alone.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { UT_DNNL_FLOAT32 = 0, UT_DNNL_BFLOAT16 = 1 } ut_dnnl_type;

/// "2.6.3": the library that is loaded, which need not be the one compiled against.
void ut_dnnl_version(char *text, size_t capacity);

/// "avx512_core_bf16": the most of the processor's instructions that the library uses.
void ut_dnnl_instructions(char *text, size_t capacity);

/// `c[m, n] = gelu?(a[m, k] · b[k, n] + bias?[n] (+ c))`; strides in elements, one of each pair is 1.
typedef struct {
    int64_t m, n, k;
    int64_t a_row_stride, a_column_stride;
    int64_t b_row_stride, b_column_stride; /// ignored when `b_packed`
    int64_t c_row_stride;
    ut_dnnl_type operand_type, result_type;
    bool has_bias;    /// float32 [n]
    bool gelu;        /// exact GELU (erf) on the result
    bool accumulate;  /// adds to what `c` holds
    bool b_packed;    /// `b` is in the layout that oneDNN prefers, see `ut_dnnl_matmul_pack`
} ut_dnnl_matmul_shape;

typedef struct ut_dnnl_matmul ut_dnnl_matmul;

/// NULL on failure, with the library's status in `*status`.
ut_dnnl_matmul *ut_dnnl_matmul_create(const ut_dnnl_matmul_shape *shape, int *status);
void ut_dnnl_matmul_destroy(ut_dnnl_matmul *);
size_t ut_dnnl_matmul_scratch_bytes(const ut_dnnl_matmul *);
int ut_dnnl_matmul_execute(const ut_dnnl_matmul *, const void *a, const void *b, const float *bias, void *c,
                           void *scratch);

/// Bytes of the packed `b`; 0 when the product was not created with `b_packed`.
size_t ut_dnnl_matmul_packed_bytes(const ut_dnnl_matmul *);
/// Whether a `b` that was packed for `other` serves this product too.
bool ut_dnnl_matmul_packs_alike(const ut_dnnl_matmul *, const ut_dnnl_matmul *other);
/// Packs the plain `b[k, n]` (strides in elements) for this product.
int ut_dnnl_matmul_pack(const ut_dnnl_matmul *, const void *b, int64_t row_stride, int64_t column_stride, void *packed);
/// The other way round.
int ut_dnnl_matmul_unpack(const ut_dnnl_matmul *, const void *packed, void *b, int64_t row_stride, int64_t column_stride);
