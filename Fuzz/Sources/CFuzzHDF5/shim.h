#pragma once
#include "../../../Sources/CHDF5/shim.h"

static inline hid_t ut_h5t_float64(void) { return H5T_IEEE_F64LE; }
