#include "descriptors.h"
#include <stdlib.h>

struct ut_dnnl_matmul {
    ut_dnnl_matmul_shape shape;
    ut_desc a, b, bias, c, scratch;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
};

ut_dnnl_matmul *ut_dnnl_matmul_create(const ut_dnnl_matmul_shape *s, int *status) {
    ut_dnnl_matmul *p = calloc(1, sizeof *p);
    *status = dnnl_out_of_memory;
    if (!p) return NULL;
    // Also for compiling: the plan depends on the number of threads it is made for.
    ut_run_alone();
    p->shape = *s;
    dnnl_data_type_t operand = ut_type(s->operand_type), result = ut_type(s->result_type);
    p->a = ut_desc_strided(2, (dnnl_dims_t){s->m, s->k}, operand, (dnnl_dims_t){s->a_row_stride, s->a_column_stride});
    ut_desc b = s->b_packed ? ut_desc_any(2, (dnnl_dims_t){s->k, s->n}, operand)
                            : ut_desc_strided(2, (dnnl_dims_t){s->k, s->n}, operand,
                                              (dnnl_dims_t){s->b_row_stride, s->b_column_stride});
    p->c = ut_desc_strided(2, (dnnl_dims_t){s->m, s->n}, result, (dnnl_dims_t){s->c_row_stride, 1});
    if (s->has_bias) p->bias = ut_desc_strided(2, (dnnl_dims_t){1, s->n}, dnnl_f32, (dnnl_dims_t){s->n, 1});
    dnnl_primitive_attr_t attributes = ut_attributes(s->accumulate, s->gelu);
    if (p->a && b && p->c && attributes && (p->bias || !s->has_bias))
        *status = ut_matmul_pd(&p->pd, p->a, b, p->bias, p->c, attributes);
    if (*status == dnnl_success) *status = dnnl_primitive_create(&p->primitive, p->pd);
    if (*status == dnnl_success) {
        p->b = ut_desc_clone(p->pd, dnnl_query_weights_md);
        p->scratch = ut_desc_clone(p->pd, dnnl_query_scratchpad_md);
    }
    ut_desc_free(b);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (*status == dnnl_success) return p;
    ut_dnnl_matmul_destroy(p);
    return NULL;
}

void ut_dnnl_matmul_destroy(ut_dnnl_matmul *p) {
    if (!p) return;
    if (p->primitive) dnnl_primitive_destroy(p->primitive);
    if (p->pd) dnnl_primitive_desc_destroy(p->pd);
    ut_desc_free(p->a);
    ut_desc_free(p->b);
    ut_desc_free(p->bias);
    ut_desc_free(p->c);
    ut_desc_free(p->scratch);
    free(p);
}

size_t ut_dnnl_matmul_scratch_bytes(const ut_dnnl_matmul *p) { return ut_desc_size(p->scratch); }

int ut_dnnl_matmul_execute(const ut_dnnl_matmul *p, const void *a, const void *b, const float *bias, void *c,
                           void *scratch) {
    ut_run_alone();
    dnnl_memory_t memories[5] = {ut_memory(p->a, a), ut_memory(p->b, b), ut_memory(p->c, c),
                                 ut_memory(p->scratch, scratch), p->bias ? ut_memory(p->bias, bias) : NULL};
    static const int roles[5] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_SCRATCHPAD, DNNL_ARG_BIAS};
    dnnl_exec_arg_t args[5];
    int count = 0;
    for (int i = 0; i < 5; i++)
        if (memories[i]) args[count++] = (dnnl_exec_arg_t){roles[i], memories[i]};
    dnnl_status_t status = dnnl_primitive_execute(p->primitive, ut_stream(), count, args);
    if (status == dnnl_success) status = dnnl_stream_wait(ut_stream());
    for (int i = 0; i < 5; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    return status;
}

size_t ut_dnnl_matmul_packed_bytes(const ut_dnnl_matmul *p) { return p->shape.b_packed ? ut_desc_size(p->b) : 0; }

bool ut_dnnl_matmul_packs_alike(const ut_dnnl_matmul *p, const ut_dnnl_matmul *other) {
    return ut_desc_equal(p->b, other->b);
}

int ut_dnnl_matmul_pack(const ut_dnnl_matmul *p, const void *b, int64_t row_stride, int64_t column_stride,
                        void *packed) {
    const ut_dnnl_matmul_shape *s = &p->shape;
    ut_desc plain = ut_desc_strided(2, (dnnl_dims_t){s->k, s->n}, ut_type(s->operand_type),
                                    (dnnl_dims_t){row_stride, column_stride});
    int status = ut_reorder(plain, b, p->b, packed);
    ut_desc_free(plain);
    return status;
}

int ut_dnnl_matmul_unpack(const ut_dnnl_matmul *p, const void *packed, void *b, int64_t row_stride,
                          int64_t column_stride) {
    const ut_dnnl_matmul_shape *s = &p->shape;
    ut_desc plain = ut_desc_strided(2, (dnnl_dims_t){s->k, s->n}, ut_type(s->operand_type),
                                    (dnnl_dims_t){row_stride, column_stride});
    int status = ut_reorder(p->b, packed, plain, b);
    ut_desc_free(plain);
    return status;
}
