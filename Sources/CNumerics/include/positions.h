#pragma once
#include "rows.h"

/// Gated relative positions in attention's scores (Chen et al. 2022, WavLM, section 3.1): row `r` of a block of scores belongs to
/// the query at `first + r` of its utterance, column `c` to the key at `c`, and `bias[c − (first + r)]` is what their distance
/// adds before the gate. `bias` points at distance 0 and reaches from `−(first + rows − 1)` to `columns − 1`.
typedef struct {
    const float *gate;  ///< of the block's first query
    size_t gate_stride; ///< elements from one query's gate to the next
    const float *bias;
    size_t first;
} ut_positions;

/// `scores[r, c] += factor · gate[r] · bias[c − first − r]`, float32.
void ut_positions_add(ut_rows scores, ut_positions positions, float factor, size_t rows, size_t columns);

/// What the softmax's gradient `dz = p (g − Σ_c p g)` gives to gates and biases: `d_gate[r] = Σ_c dz · bias`, overwritten, with the
/// stride of `gate`; `d_bias[c − first − r] += dz · gate[r]`, unless it is NULL.
/// `p` are the probabilities before dropout and `g` the gradients with respect to them, both float32.
void ut_positions_backward(float *d_gate, float *d_bias, ut_rows p, ut_rows g, ut_positions positions, size_t rows,
                           size_t columns);

/// `out[i] = a (b · constant[i mod heads] − 1) + 2` with `a = σ(x[i, 0] + … + x[i, 3])` and `b = σ(x[i, 4] + … + x[i, 7])`:
/// WavLM's gate of one head at one frame from its 8 projections.
void ut_position_gates(float *out, ut_rows x, const float *constant, size_t heads, size_t count);

/// The gradients of `ut_position_gates`: `d_x` overwritten, `d_constant` added to unless it is NULL.
void ut_position_gates_backward(ut_rows d_x, float *d_constant, const float *d_out, ut_rows x, const float *constant,
                                size_t heads, size_t count);
