/* What OpenSSL recommends instead, EVP, looks each algorithm up at run time: in a static program
 * that drags in all of them, some 3 MB. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "install/hash.h"

_Static_assert(LB_SHA256_SIZE == SHA256_DIGEST_LENGTH, "the size of a SHA-256");
_Static_assert(LB_SHA512_SIZE == SHA512_DIGEST_LENGTH, "the size of a SHA-512");

/* None of these functions can fail: they return 1, whatever happens. */

void lb_sha256_begin(struct lb_sha256 *s)
{
	(void)SHA256_Init(&s->ctx);
}

void lb_sha256_feed(struct lb_sha256 *s, const void *data, size_t n)
{
	(void)SHA256_Update(&s->ctx, data, n);
}

void lb_sha256_end(struct lb_sha256 *s, uint8_t out[LB_SHA256_SIZE])
{
	(void)SHA256_Final(out, &s->ctx);
}

void lb_sha512_begin(struct lb_sha512 *s)
{
	(void)SHA512_Init(&s->ctx);
}

void lb_sha512_feed(struct lb_sha512 *s, const void *data, size_t n)
{
	(void)SHA512_Update(&s->ctx, data, n);
}

void lb_sha512_end(struct lb_sha512 *s, uint8_t out[LB_SHA512_SIZE])
{
	(void)SHA512_Final(out, &s->ctx);
}
