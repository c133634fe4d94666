/// Numeric loops that Swift cannot express: conversions to and from 16-bit floats and 8-bit integers, transcendental functions
/// over rows and relaxed reductions.
///
/// Every loop is compiled for several instruction sets and the loader picks one (`UT_CLONES`), so the binary stays
/// portable. None of these functions reads or writes beyond the counts it is given, and none keeps state (but for `allocator.h`). Matrices are
/// rows of `columns` elements, `stride` elements apart; "16" marks bfloat16, and a `ut_rows` may be either.
#pragma once
#include "half.h"
#include "quantise.h"
#include "moments.h"
#include "rows.h"
#include "activations.h"
#include "attention.h"
#include "normalisation.h"
#include "optimiser.h"
#include "pooling.h"
#include "positions.h"
#include "processor.h"
#include "random.h"
#include "softmax.h"
#include "taps.h"
#include "tiles.h"
#include "waveform.h"
#include "crc32c.h"
#include "allocator.h"
