#include "include/tiles.h"
#include "inline.h"
#include "panel_layout.h"

size_t ut_panels_bytes(size_t k, size_t n, bool is16) {
    return ut_panel_rows(k, is16) * ((n + 15) / 16 * 16) * (is16 ? 2 : 4);
}

/// Element `(i, c)` of a panel of `width` columns.
UT_INLINE size_t place(size_t i, size_t c, size_t width, bool is16) {
    return is16 ? (i / 2 * width + c) * 2 + i % 2 : i * width + c;
}

UT_INLINE void copy_row(float *to, const float *from, size_t columns, size_t width) {
    memcpy(to, from, columns * 4);
    memset(to + columns, 0, (width - columns) * 4);
}

UT_INLINE void pair_rows(uint32_t *to, const uint16_t *even, const uint16_t *odd, size_t columns, size_t width) {
    if (odd)
        for (size_t c = 0; c < columns; c++) to[c] = even[c] | (uint32_t)odd[c] << 16;
    else
        for (size_t c = 0; c < columns; c++) to[c] = even[c];
    memset(to + columns, 0, (width - columns) * 4);
}

UT_CLONES void ut_panels_pack(void *panels, ut_rows b, size_t k, size_t n) {
    for (size_t first = 0; first < n; first += UT_PANEL) {
        size_t columns = n - first < UT_PANEL ? n - first : UT_PANEL, width = (columns + 15) / 16 * 16;
        char *panel = (char *)panels + ut_panel_offset(first, k, b.is16);
        for (size_t i = 0; i < k; i += b.is16 ? 2 : 1) {
            void *to = panel + place(i, 0, width, b.is16) * (b.is16 ? 2 : 4);
            if (b.is16)
                pair_rows(to, (const uint16_t *)ut_row(b, i) + first,
                          i + 1 < k ? (const uint16_t *)ut_row(b, i + 1) + first : NULL, columns, width);
            else
                copy_row(to, (const float *)ut_row(b, i) + first, columns, width);
        }
    }
}

/// Transposes up to 16 rows of 32-bit words in blocks that stay in the first-level cache.
UT_INLINE void transpose_words(uint32_t *to, size_t width, const char *from, size_t row_bytes, size_t rows, size_t words) {
    for (size_t begin = 0; begin < words; begin += 16) {
        size_t end = words - begin < 16 ? words : begin + 16;
        if (rows == 16 && end - begin == 16) {
            uint32_t block[16][16];
            for (size_t r = 0; r < 16; r++) memcpy(block[r], from + r * row_bytes + begin * 4, 64);
            for (size_t w = 0; w < 16; w++)
                for (size_t r = 0; r < 16; r++) to[(begin + w) * width + r] = block[r][w];
        } else {
            for (size_t w = begin; w < end; w++)
                for (size_t r = 0; r < rows; r++) memcpy(&to[w * width + r], from + r * row_bytes + w * 4, 4);
        }
    }
}

UT_CLONES void ut_panels_pack_transposed(void *panels, ut_rows bt, size_t k, size_t n) {
    size_t words = bt.is16 ? k / 2 : k;
    for (size_t first = 0; first < n; first += UT_PANEL) {
        size_t columns = n - first < UT_PANEL ? n - first : UT_PANEL, width = (columns + 15) / 16 * 16;
        uint32_t *panel = (uint32_t *)((char *)panels + ut_panel_offset(first, k, bt.is16));
        if (columns < width) memset(panel, 0, ut_panel_rows(k, bt.is16) * width * (bt.is16 ? 2 : 4));
        for (size_t c = 0; c < columns; c += 16) {
            size_t rows = columns - c < 16 ? columns - c : 16;
            transpose_words(panel + c, width, ut_row(bt, first + c), bt.stride * (bt.is16 ? 2 : 4), rows, words);
        }
        // The last of an odd number of bfloat16 columns has no partner.
        if (bt.is16 && k % 2)
            for (size_t c = 0; c < columns; c++) panel[words * width + c] = ((const uint16_t *)ut_row(bt, first + c))[k - 1];
    }
}

void ut_panels_unpack_transposed(ut_rows bt, const void *panels, size_t k, size_t n) {
    for (size_t r = 0; r < n; r++) {
        size_t first = r / UT_PANEL * UT_PANEL, columns = n - first < UT_PANEL ? n - first : UT_PANEL;
        const char *panel = (const char *)panels + ut_panel_offset(first, k, bt.is16);
        size_t width = (columns + 15) / 16 * 16, bytes = bt.is16 ? 2 : 4;
        for (size_t i = 0; i < k; i++)
            memcpy((char *)ut_row(bt, r) + i * bytes, panel + place(i, r - first, width, bt.is16) * bytes, bytes);
    }
}
