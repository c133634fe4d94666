#pragma once
/// Compile a function once per x86-64 level and let the loader choose; a plain function elsewhere, and under a sanitizer: the
/// loader chooses before the sanitizer's runtime has started, and the choosing function would call into it.
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__x86_64__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) \
    && !__has_feature(undefined_behavior_sanitizer)
#define UT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define UT_CLONES
#endif
