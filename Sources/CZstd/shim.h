#ifndef OGIVE_CZSTD_SHIM_H
#define OGIVE_CZSTD_SHIM_H
#include <zstd.h>
#endif
