/// HDF5, plus what Swift cannot import: macros that hide a variable, a cast or a call behind a name.
#pragma once
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

// Datatypes: each macro opens the library and reads a global, so each becomes a call.
static inline hid_t ut_h5t_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t ut_h5t_int8(void) { return H5T_STD_I8LE; }
static inline hid_t ut_h5t_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t ut_h5t_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t ut_h5t_int64(void) { return H5T_STD_I64LE; }
static inline hid_t ut_h5t_c_string(void) { return H5T_C_S1; }

/// IEEE 754 binary16, little-endian: a new datatype that the caller closes, or a negative number.
/// HDF5 before 1.14.4 has no name for it, so it is float32 with its fields moved, as h5py does; h5py shows it as `float16`.
static inline hid_t ut_h5t_float16(void) {
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    if (type < 0) return type;
    // Fields first: the size can only shrink once no field reaches beyond it.
    if (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 || H5Tset_ebias(type, 15) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

// Property list classes.
static inline hid_t ut_h5p_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t ut_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t ut_h5p_group_create(void) { return H5P_GROUP_CREATE; }
static inline hid_t ut_h5p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t ut_h5p_dataset_access(void) { return H5P_DATASET_ACCESS; }

// Flags and constants.
static inline hid_t ut_h5p_default(void) { return H5P_DEFAULT; }
static inline hid_t ut_h5s_all(void) { return H5S_ALL; }
static inline hsize_t ut_h5s_unlimited(void) { return H5S_UNLIMITED; }
static inline unsigned ut_h5f_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned ut_h5f_read_only(void) { return H5F_ACC_RDONLY; }

/// Error messages are for our own errors to carry, not for standard error. The setting belongs to the calling thread.
static inline void ut_h5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

typedef struct {
    char *text;
    size_t capacity;
} ut_h5_message;

static inline herr_t ut_h5_take_deepest(unsigned n, const H5E_error2_t *error, void *data) {
    ut_h5_message *message = (ut_h5_message *)data;
    if (n == 0) snprintf(message->text, message->capacity, "%s", error->desc ? error->desc : "");
    return 0;
}

/// The innermost entry of the calling thread's error stack, the one that says what really went wrong; then clears the stack.
static inline void ut_h5_take_message(char *text, size_t capacity) {
    ut_h5_message message = {text, capacity};
    text[0] = 0;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, ut_h5_take_deepest, &message);
    H5Eclear2(H5E_DEFAULT);
}
