#ifndef OGIVE_ALLOCATIONS_H
#define OGIVE_ALLOCATIONS_H
#include <stdint.h>

// How often the calling thread has asked for memory since it began.
uint64_t allocations_count(void);

// How many bytes it asked for.
uint64_t allocations_bytes(void);

#endif
