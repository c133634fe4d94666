#define _GNU_SOURCE
#include "descriptors.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR >= 3

ut_desc ut_desc_strided(int ndims, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides) {
    dnnl_memory_desc_t md = NULL;
    return dnnl_memory_desc_create_with_strides(&md, ndims, dims, type, strides) == dnnl_success ? md : NULL;
}

ut_desc ut_desc_any(int ndims, const dnnl_dims_t dims, dnnl_data_type_t type) {
    dnnl_memory_desc_t md = NULL;
    return dnnl_memory_desc_create_with_tag(&md, ndims, dims, type, dnnl_format_tag_any) == dnnl_success ? md : NULL;
}

ut_desc ut_desc_clone(const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
    dnnl_memory_desc_t md = NULL;
    const_dnnl_memory_desc_t found = dnnl_primitive_desc_query_md(pd, what, 0);
    return found && dnnl_memory_desc_clone(&md, found) == dnnl_success ? md : NULL;
}

void ut_desc_free(ut_desc md) {
    if (md) dnnl_memory_desc_destroy(md);
}

#else

static ut_desc desc_new(void) { return calloc(1, sizeof(dnnl_memory_desc_t)); }

static ut_desc desc_checked(ut_desc md, dnnl_status_t status) {
    if (status == dnnl_success) return md;
    free(md);
    return NULL;
}

ut_desc ut_desc_strided(int ndims, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t strides) {
    ut_desc md = desc_new();
    return md ? desc_checked(md, dnnl_memory_desc_init_by_strides(md, ndims, dims, type, strides)) : NULL;
}

ut_desc ut_desc_any(int ndims, const dnnl_dims_t dims, dnnl_data_type_t type) {
    ut_desc md = desc_new();
    return md ? desc_checked(md, dnnl_memory_desc_init_by_tag(md, ndims, dims, type, dnnl_format_tag_any)) : NULL;
}

ut_desc ut_desc_clone(const_dnnl_primitive_desc_t pd, dnnl_query_t what) {
    const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(pd, what, 0);
    ut_desc md = found ? desc_new() : NULL;
    if (md) *md = *found;
    return md;
}

void ut_desc_free(ut_desc md) { free(md); }

#endif

size_t ut_desc_size(ut_desc md) { return md ? dnnl_memory_desc_get_size(md) : 0; }

bool ut_desc_equal(ut_desc a, ut_desc b) { return a && b && dnnl_memory_desc_equal(a, b); }

dnnl_memory_t ut_memory(ut_desc md, const void *data) {
    dnnl_memory_t memory = NULL;
    if (!md) return NULL;
    return dnnl_memory_create(&memory, md, ut_engine(), (void *)data) == dnnl_success ? memory : NULL;
}

dnnl_primitive_attr_t ut_attributes(bool accumulate, bool gelu) {
    dnnl_primitive_attr_t attributes = NULL;
    if (dnnl_primitive_attr_create(&attributes) != dnnl_success) return NULL;
    dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_post_ops_t ops = NULL;
    if ((accumulate || gelu) && dnnl_post_ops_create(&ops) == dnnl_success) {
#if DNNL_VERSION_MAJOR >= 3
        if (accumulate) dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
        if (gelu) dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_gelu_erf, 0.0f, 0.0f);
#else
        if (accumulate) dnnl_post_ops_append_sum(ops, 1.0f);
        if (gelu) dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_gelu_erf, 0.0f, 0.0f);
#endif
        dnnl_primitive_attr_set_post_ops(attributes, ops);
        dnnl_post_ops_destroy(ops);
    }
    return attributes;
}

dnnl_status_t ut_matmul_pd(dnnl_primitive_desc_t *pd, ut_desc a, ut_desc b, ut_desc bias, ut_desc c,
                           dnnl_primitive_attr_t attributes) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(pd, ut_engine(), a, b, bias, c, attributes);
#else
    dnnl_matmul_desc_t op;
    dnnl_status_t status = dnnl_matmul_desc_init(&op, a, b, bias, c);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(pd, &op, attributes, ut_engine(), NULL);
#endif
}

int ut_reorder(ut_desc from, const void *source, ut_desc to, void *target) {
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t reorder = NULL;
    ut_run_alone();
    dnnl_memory_t in = ut_memory(from, source), out = ut_memory(to, target);
    dnnl_status_t status = in && out ? dnnl_success : dnnl_out_of_memory;
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&pd, from, ut_engine(), to, ut_engine(), NULL);
    if (status == dnnl_success) status = dnnl_primitive_create(&reorder, pd);
    if (status == dnnl_success) {
        dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, in}, {DNNL_ARG_TO, out}};
        status = dnnl_primitive_execute(reorder, ut_stream(), 2, args);
    }
    if (status == dnnl_success) status = dnnl_stream_wait(ut_stream());
    if (reorder) dnnl_primitive_destroy(reorder);
    if (pd) dnnl_primitive_desc_destroy(pd);
    if (in) dnnl_memory_destroy(in);
    if (out) dnnl_memory_destroy(out);
    return status;
}

static dnnl_engine_t shared_engine;
static pthread_once_t shared_engine_once = PTHREAD_ONCE_INIT;

static void create_engine(void) {
    // Our callers cache primitives themselves, by shape; the library's own cache would hold everything a second time.
    dnnl_set_primitive_cache_capacity(0);
    dnnl_engine_create(&shared_engine, dnnl_cpu, 0);
}

dnnl_engine_t ut_engine(void) {
    pthread_once(&shared_engine_once, create_engine);
    return shared_engine;
}

static pthread_key_t stream_key;
static pthread_once_t stream_once = PTHREAD_ONCE_INIT;

static void destroy_stream(void *stream) { dnnl_stream_destroy(stream); }

static void create_stream_key(void) { pthread_key_create(&stream_key, destroy_stream); }

dnnl_stream_t ut_stream(void) {
    pthread_once(&stream_once, create_stream_key);
    dnnl_stream_t stream = pthread_getspecific(stream_key);
    if (!stream && dnnl_stream_create(&stream, ut_engine(), dnnl_stream_default_flags) == dnnl_success)
        pthread_setspecific(stream_key, stream);
    return stream;
}

static void (*set_openmp_threads)(int);
static pthread_once_t set_openmp_threads_once = PTHREAD_ONCE_INIT;

static void find_openmp(void) {
    // libdnnl brings the OpenMP runtime along; which one, and whether at all, depends on how it was built.
    set_openmp_threads = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
}

void ut_run_alone(void) {
    pthread_once(&set_openmp_threads_once, find_openmp);
    if (set_openmp_threads) set_openmp_threads(1);
}

void ut_dnnl_version(char *text, size_t capacity) {
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, capacity, "%d.%d.%d", v->major, v->minor, v->patch);
}

void ut_dnnl_instructions(char *text, size_t capacity) {
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    const char *name = NULL;
    switch ((unsigned)isa) {
    case dnnl_cpu_isa_avx2: name = "avx2"; break;
    case dnnl_cpu_isa_avx2_vnni: name = "avx2_vnni"; break;
    case dnnl_cpu_isa_avx512_core: name = "avx512_core"; break;
    case dnnl_cpu_isa_avx512_core_vnni: name = "avx512_core_vnni"; break;
    case dnnl_cpu_isa_avx512_core_bf16: name = "avx512_core_bf16"; break;
    case dnnl_cpu_isa_avx512_core_amx: name = "avx512_core_amx"; break;
    default: break;
    }
    // What only one of the versions knows is told apart all the same.
    if (name) snprintf(text, capacity, "%s", name);
    else snprintf(text, capacity, "instruction set 0x%x", (unsigned)isa);
}
