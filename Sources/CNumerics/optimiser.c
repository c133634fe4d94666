#include "include/optimiser.h"
#include "inline.h"

UT_INLINE void adamw(float *value, float *m, float *v, const float *gradient, uint16_t *operand, size_t count,
                     ut_adamw s) {
    float shrink = 1.0f - s.rate * s.decay, size = s.rate / s.correction1;
    float root = __builtin_sqrtf(s.correction2);
    for (size_t i = 0; i < count; i++) {
        float g = gradient[i] * s.gradient_scale;
        float first = m[i] + (g - m[i]) * (1.0f - s.beta1);
        float second = v[i] * s.beta2 + g * g * (1.0f - s.beta2);
        float x = value[i] * shrink - size * first / (__builtin_sqrtf(second) / root + s.epsilon);
        m[i] = first;
        v[i] = second;
        value[i] = x;
        if (operand) operand[i] = ut_narrow(x);
    }
}

UT_CLONES void ut_blend(float *out, const float *x, float weight, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] += weight * (x[i] - out[i]);
}

UT_CLONES void ut_adamw_step(float *value, float *m, float *v, const float *gradient, uint16_t *operand, size_t count,
                             ut_adamw step) {
    if (operand) adamw(value, m, v, gradient, operand, count, step);
    else adamw(value, m, v, gradient, NULL, count, step);
}
