#ifndef OGIVE_CLINUX_SHIM_H
#define OGIVE_CLINUX_SHIM_H
// Linux calls that Swift's Glibc overlay does not import.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

static inline int ogive_setname(const char *name) {
    return pthread_setname_np(pthread_self(), name);
}

// From <unistd.h>, whose types and those of <sys/socket.h> would differ from the overlay's.
long syscall(long number, ...);

// The system call, where the program defines `accept4` itself.
static inline int ogive_accept4(int listener, void *address, void *length, int flags) {
    return (int)syscall(SYS_accept4, listener, address, length, flags);
}
#endif
