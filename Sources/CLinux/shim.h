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

static inline int ogive_setname(const char *name) {
    return pthread_setname_np(pthread_self(), name);
}
#endif
