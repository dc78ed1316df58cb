#ifndef OGIVE_COPENSSL_SHIM_H
#define OGIVE_COPENSSL_SHIM_H
#include <openssl/evp.h>
#include <openssl/sha.h>
#endif
