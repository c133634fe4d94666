#pragma once
#include "rows.h"

/// `p = dropout(softmax(scale · scores))` over each row, and `log_sum_exp[r] = log Σ e^{scale·scores}`.
/// `log_sum_exp` may be NULL. `p` may be the rows of `scores`.
void ut_softmax_forward(ut_rows p, float *log_sum_exp, ut_rows scores, float scale, size_t rows, size_t columns,
                        ut_dropout dropout);

/// What the backward pass of attention needs again of the forward's probabilities, from the scores and their log-sum-exp:
/// `probabilities = e^{scale·scores − log_sum_exp}` in place (float32), `dropped = dropout(probabilities)`.
void ut_softmax_recompute(ut_rows scores, ut_rows dropped, const float *log_sum_exp, float scale, size_t rows,
                          size_t columns, ut_dropout dropout);

/// `d_scores = scale · p · (dropout'(d_p) − Σ_c dropout'(d_p)·p)`, over each row; `p`, `d_p` float32.
void ut_softmax_backward(ut_rows d_scores, ut_rows p, ut_rows d_p, float scale, size_t rows, size_t columns,
                         ut_dropout dropout);
