#include "random.h"
#include "clones.h"

static inline uint64_t word_at(uint64_t key, uint64_t i) {
    uint64_t z = key + (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

UT_CLONES void ut_random_normal(uint64_t key, float deviation, float *out, size_t count) {
    // Eight integers below 2^16 have a sum of mean 262140 and standard deviation sqrt(8 (2^32 - 1) / 12) = 53509.97.
    const float scale = deviation / 53509.97f;
    const uint64_t even = 0x0000ffff0000ffffu;
    for (size_t i = 0; i < count; i++) {
        uint64_t a = word_at(key, 2 * i), b = word_at(key, 2 * i + 1);
        uint64_t pair = (a & even) + ((a >> 16) & even) + (b & even) + ((b >> 16) & even);
        int32_t sum = (int32_t)((uint32_t)pair + (uint32_t)(pair >> 32)) - 262140;
        out[i] = (float)sum * scale;
    }
}

UT_CLONES void ut_random_uniform(uint64_t key, float bound, float *out, size_t count) {
    const float scale = bound * 0x1p-23f;
    for (size_t i = 0; i < count; i++) {
        int32_t odd = (int32_t)(word_at(key, i) >> 41) * 2 + 1 - (1 << 23);
        out[i] = (float)odd * scale;
    }
}
