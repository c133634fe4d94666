#pragma once
#include <stddef.h>
#include <stdint.h>

/// Counter-based random numbers: element `i` of stream `key` depends on `key` and `i` only. Its 64-bit words are
/// SplitMix64's (Steele, Lea and Flood 2014) from the state `key`. Integer arithmetic and one product per element: the
/// same bits everywhere.

/// `out[i]` nearly normal, mean 0: the sum of eight 16-bit integers (Irwin-Hall), centred, times `deviation / 53510`.
void ut_random_normal(uint64_t key, float deviation, float *out, size_t count);
/// `out[i]` uniform in the open interval from `-bound` to `bound`, in steps of `bound / 2^22`, symmetric about 0.
void ut_random_uniform(uint64_t key, float bound, float *out, size_t count);
