#include "moments.h"
#include "clones.h"

UT_CLONES void ut_add_moments(double *restrict sums, double *restrict squares, float *restrict least,
                              float *restrict largest, uint64_t *restrict skipped, const float *restrict shift,
                              const float *restrict x, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const float *restrict row = x + r * columns;
        for (size_t c = 0; c < columns; c++) {
            float value = row[c];
            // Infinity less itself is not a number, and that differs from 0.
            int usable = value - value == 0;
            double difference = usable ? (double)value - (double)shift[c] : 0;
            sums[c] += difference;
            squares[c] += difference * difference;
            least[c] = usable && value < least[c] ? value : least[c];
            largest[c] = usable && value > largest[c] ? value : largest[c];
            skipped[c] += !usable;
        }
    }
}
