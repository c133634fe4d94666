#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>

// Asked of the processor itself: the names that `__builtin_cpu_supports` knows differ between compilers.
bool ut_multiplies_bfloat16_by_amx(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 22));
}

bool ut_multiplies_bfloat16(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    bool avx512 = b & (1u << 16);
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return false;
    return (avx512 && (a & (1u << 5))) || ut_multiplies_bfloat16_by_amx();
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

bool ut_multiplies_bfloat16_by_amx(void) { return false; }

bool ut_multiplies_bfloat16(void) { return getauxval(AT_HWCAP2) & (1ul << 14); }
#else
bool ut_multiplies_bfloat16(void) { return false; }
bool ut_multiplies_bfloat16_by_amx(void) { return false; }
#endif
