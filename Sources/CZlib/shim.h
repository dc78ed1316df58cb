#ifndef OGIVE_CZLIB_SHIM_H
#define OGIVE_CZLIB_SHIM_H
#include <zlib.h>
#endif
