/// Where things lie in the panels of `tiles.h`.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define UT_PANEL 64

/// Rows that a panel has for `k`: pairs are whole.
static inline size_t ut_panel_rows(size_t k, bool is16) { return is16 ? (k + 1) / 2 * 2 : k; }

/// Where the panel of column `first` begins, in bytes.
static inline size_t ut_panel_offset(size_t first, size_t k, bool is16) {
    return first * ut_panel_rows(k, is16) * (is16 ? 2 : 4);
}
