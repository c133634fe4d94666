#include "crc32c.h"
#include <string.h>

// Reversed Castagnoli polynomial.
#define POLYNOMIAL 0x82f63b78u

static uint32_t table[8][256];

// Runs before main, hence before any thread: no lazy initialisation to get wrong.
__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        table[0][byte] = crc;
    }
    for (int slice = 1; slice < 8; slice++)
        for (int byte = 0; byte < 256; byte++) {
            uint32_t before = table[slice - 1][byte];
            table[slice][byte] = (before >> 8) ^ table[0][before & 0xff];
        }
}

uint32_t ut_crc32c_portable(uint32_t crc, const void *data, size_t length) {
    const uint8_t *p = data;
    crc = ~crc;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; length >= 8; length -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        word ^= crc;
        crc = 0;
        for (int byte = 0; byte < 8; byte++) crc ^= table[7 - byte][(word >> (8 * byte)) & 0xff];
    }
#endif
    for (; length; length--, p++) crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *data, size_t length) {
    const uint8_t *p = data;
    uint64_t state = (uint32_t)~crc;
    for (; length >= 8; length -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        state = __builtin_ia32_crc32di(state, word);
    }
    uint32_t tail = (uint32_t)state;
    for (; length; length--, p++) tail = __builtin_ia32_crc32qi(tail, *p);
    return ~tail;
}

uint32_t ut_crc32c(uint32_t crc, const void *data, size_t length) {
    static int8_t has_instruction;  // 0 unknown, 1 yes, -1 no; a race only asks twice
    int8_t known = __atomic_load_n(&has_instruction, __ATOMIC_RELAXED);
    if (known == 0) {
        __builtin_cpu_init();
        known = __builtin_cpu_supports("sse4.2") ? 1 : -1;
        __atomic_store_n(&has_instruction, known, __ATOMIC_RELAXED);
    }
    return known > 0 ? crc32c_sse42(crc, data, length) : ut_crc32c_portable(crc, data, length);
}
#else
uint32_t ut_crc32c(uint32_t crc, const void *data, size_t length) { return ut_crc32c_portable(crc, data, length); }
#endif
