// The memory functions that the compiler calls by itself; a freestanding program brings its own.
#pragma once

#include <stddef.h>

extern "C" {
void* memcpy(void* to, const void* from, size_t size_bytes);
void* memmove(void* to, const void* from, size_t size_bytes);
void* memset(void* to, int value, size_t size_bytes);
int memcmp(const void* a, const void* b, size_t size_bytes);
}
