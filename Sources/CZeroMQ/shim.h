#ifndef OGIVE_CZEROMQ_SHIM_H
#define OGIVE_CZEROMQ_SHIM_H
#include <zmq.h>
#endif
