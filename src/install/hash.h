/* install/hash.h - SHA-256 and SHA-512 as fast as the processor can.
 *
 * libcrypto's, whose assembler takes the instructions that the processor has: an image is hashed
 * three times before it counts, and libsodium 1.0.18 does so in plain C, at a third (SHA-256: at a
 * sixth) of the rate. Of a static libcrypto the program takes these functions and nothing else. */
#pragma once

#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

#define LB_SHA256_SIZE 32
#define LB_SHA512_SIZE 64

struct lb_sha256 {
	SHA256_CTX ctx;
};

void lb_sha256_begin(struct lb_sha256 *s);
void lb_sha256_feed(struct lb_sha256 *s, const void *data, size_t n);
/* `s` is used up; a copy of it, made before, goes on. */
void lb_sha256_end(struct lb_sha256 *s, uint8_t out[LB_SHA256_SIZE]);

struct lb_sha512 {
	SHA512_CTX ctx;
};

void lb_sha512_begin(struct lb_sha512 *s);
void lb_sha512_feed(struct lb_sha512 *s, const void *data, size_t n);
void lb_sha512_end(struct lb_sha512 *s, uint8_t out[LB_SHA512_SIZE]);
