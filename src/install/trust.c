#include "install/trust.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plat/linux/files.h"
#include "plat/linux/keydir.h"

/* The signature's text is there; is there a key for it? Then the check begins. */
static void begin(struct lb_verify_trust *t, const void *text, size_t n, const char *keys)
{
	char key_text[LB_USIGN_TEXT_MAX + 1];
	struct lb_usign_signature signature;
	struct lb_usign_key key;
	int rc;

	t->state = LB_TRUST_UNREADABLE;
	if (lb_usign_signature_parse(&signature, text, n) < 0)
		return;
	memcpy(t->id, signature.id, sizeof(t->id));
	rc = lb_keydir_read(keys, signature.id, key_text, sizeof(key_text));
	if (rc < 0) {
		t->state = rc == LB_E(AUTH)    ? LB_TRUST_REVOKED
			   : rc == LB_E(STATE) ? LB_TRUST_UNCHECKED
					       : LB_TRUST_UNKNOWN;
		return;
	}
	t->state = LB_TRUST_UNKNOWN;
	/* A file that holds another key than its name says vouches for nothing. */
	if (lb_usign_key_parse(&key, key_text, (size_t)rc) < 0 || strcmp(key.id, signature.id) != 0)
		return;
	memcpy(t->comment, key.comment, sizeof(t->comment));
	t->state = LB_TRUST_UNCHECKED;
	t->running = lb_ed25519_begin(&t->check, key.key, signature.signature) == 0;
}

int lb_verify_trust_beside(struct lb_verify_trust *t, const char *path, const char *keys)
{
	char text[LB_USIGN_TEXT_MAX + 1];
	int rc = lb_file_read(path, text, sizeof(text));

	*t = (struct lb_verify_trust){.state = LB_TRUST_NONE};
	if (rc < 0 && rc != LB_E(NOSPC))
		return rc;
	t->beside = true;
	if (rc < 0)
		t->state = LB_TRUST_UNREADABLE; /* longer than any signature */
	else
		begin(t, text, (size_t)rc, keys);
	return 0;
}

/* 0; LB_E(IO); LB_E(AUTH): it is not what was read before. Whoever answers the second reading with
 * other bytes, a stick with ideas of its own, must not have the first ones pass for signed. */
static int read_again(struct lb_ed25519 *check, int fd, int64_t start, const struct lb_scan *s)
{
	static uint8_t buf[65536];
	crypto_hash_sha256_state state;
	uint64_t left = s->signed_bytes;
	uint8_t hash[crypto_hash_sha256_BYTES];
	ssize_t n;

	if (fd < 0 || lseek(fd, start, SEEK_SET) < 0)
		return LB_E(IO);
	(void)crypto_hash_sha256_init(&state);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		const size_t got = n > 0 ? (size_t)n : 0;
		const size_t of_it = left < got ? (size_t)left : got;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return LB_E(IO);
		(void)crypto_hash_sha256_update(&state, buf, got);
		lb_ed25519_feed(check, buf, of_it);
		left -= of_it;
	}
	(void)crypto_hash_sha256_final(&state, hash);
	return memcmp(hash, s->sha256, sizeof(hash)) == 0 ? 0 : LB_E(AUTH);
}

void lb_verify_trust_end(struct lb_verify_trust *t, const struct lb_scan *s, int fd, int64_t start,
			 const char *keys)
{
	int rc = 0;

	if (!t->beside && s->has_signature) {
		begin(t, s->signature_text, s->signature_len, keys);
		if (t->running)
			rc = read_again(&t->check, fd, start, s);
	}
	if (!t->running)
		return;
	t->running = false;
	if (rc == LB_E(IO))
		t->state = LB_TRUST_READ_ONCE;
	else
		t->state =
			rc == 0 && lb_ed25519_end(&t->check) == 0 ? LB_TRUST_GOOD : LB_TRUST_WRONG;
}
