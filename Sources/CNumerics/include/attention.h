#pragma once
#include "positions.h"
#include "rows.h"

/// One head of attention over one utterance, on products in tiles (`ut_tiles_available`). Query, key and value are `[rows, width]`,
/// all float32 or all bfloat16.
typedef struct {
    ut_rows query, key, value;
    size_t rows, width;
    float scale;
    ut_positions positions; ///< of the first query; none where `bias` is NULL
    ut_dropout dropout;     ///< of the first query's row of probabilities
} ut_attention_head;

size_t ut_attention_forward_scratch_bytes(const ut_attention_head *head);
/// `out = dropout(softmax(scale · query · keyᵀ + gated positions)) · value`, `[rows, width]`, and for each query the logarithm of the
/// sum of exponentials, unless `log_sum_exp` is NULL.
///
/// Keys come in tiles of 512 at most with a running maximum (Milakov and Gimelshein 2018; Dao et al. 2022): what lies between the
/// products stays in the nearest caches, however long the utterance.
void ut_attention_forward(ut_rows out, float *log_sum_exp, const ut_attention_head *head, void *scratch);

/// What the backward pass gives: like query, key and value, overwritten.
typedef struct {
    ut_rows query, key, value;
    float *gate; ///< with the stride of the head's gates, overwritten; NULL without positions
    float *bias; ///< at distance 0, added to; may be NULL
} ut_attention_gradients;

size_t ut_attention_backward_scratch_bytes(const ut_attention_head *head);
/// The gradients of `ut_attention_forward`, from that of its output and what it left in `log_sum_exp`.
void ut_attention_backward(const ut_attention_gradients *gradients, ut_rows d_out, const float *log_sum_exp,
                           const ut_attention_head *head, void *scratch);
