#pragma once

/// Has the C library give blocks of a megabyte and more back to the system as soon as they are freed.
///
/// By default it takes a block that was freed for a sign that more of its size will come, and keeps them: loading the weights of a
/// base model's top three layers then leaves 110 MB behind that nobody uses.
void ut_return_freed_memory(void);
