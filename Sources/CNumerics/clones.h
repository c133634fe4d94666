#pragma once
/// Compile a function once per x86-64 level and let the loader choose; a plain function elsewhere.
#if defined(__x86_64__)
#define UT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define UT_CLONES
#endif
