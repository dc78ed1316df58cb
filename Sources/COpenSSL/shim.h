#ifndef OGIVE_COPENSSL_SHIM_H
#define OGIVE_COPENSSL_SHIM_H
/* For SHA256_Init and its kin: what they are to be replaced by allocates for each hash. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#endif
