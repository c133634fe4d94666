/// What differs between oneDNN 2.x and 3.x: descriptors are structs there and handles here.
#pragma once
#include "CDNNL.h"
#include <dnnl.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t ut_desc;
#else
typedef dnnl_memory_desc_t *ut_desc; // owned, so that both versions are a pointer that may be NULL
#endif

ut_desc ut_desc_strided(int ndims, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides);
ut_desc ut_desc_any(int ndims, const dnnl_dims_t dims, dnnl_data_type_t type);
ut_desc ut_desc_clone(const_dnnl_primitive_desc_t pd, dnnl_query_t what);
void ut_desc_free(ut_desc);
size_t ut_desc_size(ut_desc);
bool ut_desc_equal(ut_desc, ut_desc);
dnnl_memory_t ut_memory(ut_desc, const void *data);

/// Attributes: the caller's scratchpad, optional sum, then optional exact GELU.
dnnl_primitive_attr_t ut_attributes(bool accumulate, bool gelu);

dnnl_status_t ut_matmul_pd(dnnl_primitive_desc_t *pd, ut_desc a, ut_desc b, ut_desc bias, ut_desc c,
                           dnnl_primitive_attr_t attributes);

/// Copies `from` into `to`, converting layout and type.
int ut_reorder(ut_desc from, const void *source, ut_desc to, void *target);

/// Keeps the calling thread to itself from now on, without OpenMP's threads. OpenMP's number of threads belongs to the thread that
/// calls, and threads come and go, so it is said before each use.
void ut_run_alone(void);

/// The one CPU engine and an in-order stream for each thread, made at first use and kept for the process's life.
dnnl_engine_t ut_engine(void);
dnnl_stream_t ut_stream(void);

static inline dnnl_data_type_t ut_type(ut_dnnl_type type) { return type == UT_DNNL_BFLOAT16 ? dnnl_bf16 : dnnl_f32; }
