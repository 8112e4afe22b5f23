#include "install/ed25519.h"

#include <stdbool.h>
#include <string.h>

int lb_ed25519_begin(struct lb_ed25519 *e, const uint8_t key[32], const uint8_t signature[64])
{
	if (sodium_init() < 0)
		return LB_E(IO);
	memcpy(e->key, key, sizeof(e->key));
	memcpy(e->signature, signature, sizeof(e->signature));
	lb_sha512_begin(&e->hash);
	lb_sha512_feed(&e->hash, signature, 32); /* R */
	lb_sha512_feed(&e->hash, key, 32);
	return 0;
}

void lb_ed25519_feed(struct lb_ed25519 *e, const void *data, size_t n)
{
	lb_sha512_feed(&e->hash, data, n);
}

/* S + L would be right as well: a second signature that nobody made. */
static bool is_reduced(const uint8_t s[32])
{
	uint8_t wide[64] = {0}, reduced[32];

	memcpy(wide, s, 32);
	crypto_core_ed25519_scalar_reduce(reduced, wide);
	return sodium_memcmp(s, reduced, 32) == 0;
}

/* R = S B - h A */
int lb_ed25519_end(struct lb_ed25519 *e)
{
	const uint8_t *r = e->signature, *s = e->signature + 32;
	uint8_t wide[64], h[32], sb[32], ha[32], seen[32];

	lb_sha512_end(&e->hash, wide);
	crypto_core_ed25519_scalar_reduce(h, wide);
	if (!is_reduced(s) || crypto_core_ed25519_is_valid_point(r) != 1 ||
	    crypto_core_ed25519_is_valid_point(e->key) != 1 ||
	    crypto_scalarmult_ed25519_base_noclamp(sb, s) != 0 ||
	    crypto_scalarmult_ed25519_noclamp(ha, h, e->key) != 0 ||
	    crypto_core_ed25519_sub(seen, sb, ha) != 0)
		return LB_E(AUTH);
	return sodium_memcmp(seen, r, 32) == 0 ? 0 : LB_E(AUTH);
}
