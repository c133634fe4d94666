/// Numeric loops that Swift cannot express: conversions to and from 16-bit floats and relaxed reductions.
///
/// Every loop is compiled for several instruction sets and the loader picks one (`UT_CLONES`), so the binary stays
/// portable. None of these functions reads or writes beyond `count` elements, and none keeps state.
#pragma once
#include "half.h"
#include "random.h"
