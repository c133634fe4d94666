/// What the passes of attention in tiles share.
#pragma once
#include "include/attention.h"
#include "include/tiles.h"
#include "inline.h"

/// Hands out pieces of the scratch memory, whole cache lines apart; with nothing to hand out it counts.
typedef struct {
    char *base;
    size_t used;
} ut_scratch;

UT_INLINE void *ut_take(ut_scratch *s, size_t bytes) {
    void *piece = s->base ? s->base + s->used : NULL;
    s->used += (bytes + 63) / 64 * 64;
    return piece;
}

UT_INLINE size_t ut_element_bytes(bool is16) { return is16 ? 2 : 4; }

/// Rows `first` and on.
UT_INLINE ut_rows ut_rows_from(ut_rows x, size_t first) { return (ut_rows){ut_row(x, first), x.stride, x.is16}; }

UT_INLINE ut_factor ut_factor_of(ut_rows x) {
    return (ut_factor){x.data, x.stride * ut_element_bytes(x.is16), 4};
}

/// Positions of the block of scores whose first query is `query` and whose first key is `key`.
UT_INLINE ut_positions ut_positions_of_block(const ut_attention_head *h, size_t query, size_t key) {
    ut_positions p = h->positions;
    p.gate += query * p.gate_stride;
    p.first += query;
    p.bias += key;
    return p;
}
