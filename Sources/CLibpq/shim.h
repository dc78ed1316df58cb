#ifndef OGIVE_CLIBPQ_SHIM_H
#define OGIVE_CLIBPQ_SHIM_H
#include <postgresql/libpq-fe.h>
#endif
