#include "attention_scratch.h"
#include "include/softmax.h"

/// Queries of a block, whose scores take 24 KiB at most.
enum { block_rows = 12, longest_tile = 512 };

/// Keys of a tile: all, or equal parts in whole panels.
static size_t tile_keys(size_t rows) {
    size_t tiles = (rows + longest_tile - 1) / longest_tile;
    return tiles <= 1 ? rows : ((rows + tiles - 1) / tiles + 63) / 64 * 64;
}

typedef struct {
    void *keys, *values;         ///< panels of a tile
    ut_rows scores, probability; ///< of a block; one and the same in float32
    ut_rows sums;                ///< `[queries, width]`, before they are divided by the totals
    float *maximum, *total;      ///< of each query
} forward_memory;

static forward_memory divide(const ut_attention_head *h, ut_scratch *s) {
    const size_t keys = tile_keys(h->rows), stride = (keys + 15) / 16 * 16;
    // Over several tiles, every query's sums wait for the next; otherwise a block is done at once.
    const size_t queries = keys < h->rows ? h->rows : block_rows;
    const bool is16 = h->query.is16;
    forward_memory m;
    m.keys = ut_take(s, ut_panels_bytes(h->width, keys, is16));
    m.values = ut_take(s, ut_panels_bytes(keys, h->width, is16));
    m.scores = (ut_rows){ut_take(s, block_rows * stride * 4), stride, false};
    m.probability = is16 ? (ut_rows){ut_take(s, block_rows * stride * 2), stride, true} : m.scores;
    m.sums = (ut_rows){ut_take(s, queries * h->width * 4), h->width, false};
    m.maximum = ut_take(s, queries * 4);
    m.total = ut_take(s, queries * 4);
    return m;
}

size_t ut_attention_forward_scratch_bytes(const ut_attention_head *head) {
    ut_scratch s = {NULL, 0};
    divide(head, &s);
    return s.used;
}

/// `out = sums / total`.
UT_CLONES static void finish(ut_rows out, float *log_sum_exp, ut_rows sums, const float *maximum, const float *total,
                             float scale, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        const float *x = ut_row(sums, r);
        void *o = ut_row(out, r);
        const float factor = 1.0f / total[r];
        if (out.is16)
            for (size_t c = 0; c < width; c++) ut_store(o, true, c, x[c] * factor);
        else
            for (size_t c = 0; c < width; c++) ut_store(o, false, c, x[c] * factor);
        if (log_sum_exp) log_sum_exp[r] = scale * maximum[r] + logf(total[r]);
    }
}

void ut_attention_forward(ut_rows out, float *log_sum_exp, const ut_attention_head *h, void *scratch) {
    ut_scratch s = {scratch, 0};
    const forward_memory m = divide(h, &s);
    const bool is16 = h->query.is16;
    const size_t tile = tile_keys(h->rows);
    for (size_t key = 0; key < h->rows; key += tile) {
        const size_t keys = h->rows - key < tile ? h->rows - key : tile;
        const bool isLast = key + keys == h->rows;
        ut_panels_pack_transposed(m.keys, ut_rows_from(h->key, key), h->width, keys);
        ut_panels_pack(m.values, ut_rows_from(h->value, key), keys, h->width);
        for (size_t query = 0; query < h->rows; query += block_rows) {
            const size_t count = h->rows - query < block_rows ? h->rows - query : block_rows;
            const size_t at = tile < h->rows ? query : 0;
            const ut_rows sums = ut_rows_from(m.sums, at);
            ut_tiles_multiply(m.scores, ut_factor_of(ut_rows_from(h->query, query)), m.keys, is16, count, h->width, keys,
                              NULL, false, false);
            // The softmax multiplies by the scale, so what is added is divided by it.
            if (h->positions.bias)
                ut_positions_add(m.scores, ut_positions_of_block(h, query, key), 1.0f / h->scale, count, keys);
            ut_dropout dropout = h->dropout;
            dropout.first_row += query;
            ut_softmax_tile(m.probability, m.scores, m.maximum + at, m.total + at, key > 0 ? sums : (ut_rows){0}, h->width,
                            h->scale, count, keys, key, dropout);
            ut_tiles_multiply(sums, ut_factor_of(m.probability), m.values, is16, count, keys, h->width, NULL, false,
                              key > 0);
            if (isLast)
                finish(ut_rows_from(out, query), log_sum_exp ? log_sum_exp + query : NULL, sums, m.maximum + at,
                       m.total + at, h->scale, count, h->width);
        }
    }
}
