#pragma once
#include <stddef.h>
#include <stdint.h>

/// One AdamW step (Loshchilov and Hutter 2019, algorithm 2, as torch.optim.AdamW computes it):
/// `g = gradient · gradient_scale`, `value ·= 1 − rate·decay`, `m = β₁m + (1−β₁)g`, `v = β₂v + (1−β₂)g²`,
/// `value −= rate · (m / correction1) / (√(v / correction2) + epsilon)`, `correction_i = 1 − β_iᵗ`.
typedef struct {
    float rate, beta1, beta2, epsilon, decay, correction1, correction2, gradient_scale;
} ut_adamw;

/// `operand`, if not NULL, receives the new values in bfloat16.
void ut_adamw_step(float *value, float *m, float *v, const float *gradient, uint16_t *operand, size_t count,
                   ut_adamw step);

/// `out += weight · (x − out)`.
void ut_blend(float *out, const float *x, float weight, size_t count);
