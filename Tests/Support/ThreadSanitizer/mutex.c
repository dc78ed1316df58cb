// Lets ThreadSanitizer see Swift's `Mutex` when threads meet at it.
//
// A mutex that nobody holds is taken by an atomic exchange within the program, which
// ThreadSanitizer sees. One that is held is waited for within libswiftSynchronization, which is
// built without it: what the next holder reads would be reported as a race. Calls to these two
// functions of the library come here, and go on to the library's own.
#include "thread_sanitizer.h"

#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SELF __attribute__((swift_context)) void *self

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t thread, SELF);
typedef __attribute__((swiftcall)) void (*unlock_function)(SELF);

// The library's function. Without it no mutex can be taken.
static void *original(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

__attribute__((swiftcall)) void ogive_lock_slow(uint32_t thread, SELF) __asm__(LOCK);
__attribute__((swiftcall)) void ogive_lock_slow(uint32_t thread, SELF) {
    ((lock_function)original(LOCK))(thread, self);
    __tsan_acquire(self);
}

__attribute__((swiftcall)) void ogive_unlock_slow(SELF) __asm__(UNLOCK);
__attribute__((swiftcall)) void ogive_unlock_slow(SELF) {
    __tsan_release(self);
    ((unlock_function)original(UNLOCK))(self);
}

#endif

int thread_sanitizer_is_on(void) {
#if __has_feature(thread_sanitizer)
    return 1;
#else
    return 0;
#endif
}
