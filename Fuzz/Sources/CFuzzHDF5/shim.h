#pragma once
#include "../../../Sources/CHDF5/shim.h"

static inline hid_t ut_h5t_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t ut_h5t_int8(void) { return H5T_STD_I8LE; }
