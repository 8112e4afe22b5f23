#include "install/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/companion.h"
#include "image/ucert.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/keydir.h"

#define LIST_MAX (1 << 20) /* OpenWrt's longest list of one release and target has some 200 KiB */

/* A key of the directory. Without one the state says why. */
static bool find_key(struct lb_verify_trust *t, struct lb_usign_key *out, const char *id,
		     const char *keys)
{
	char text[LB_USIGN_TEXT_MAX + 1];
	int rc = lb_keydir_read(keys, id, text, sizeof(text));

	if (rc < 0) {
		t->state = rc == LB_E(AUTH)    ? LB_TRUST_REVOKED
			   : rc == LB_E(STATE) ? LB_TRUST_UNCHECKED
					       : LB_TRUST_UNKNOWN;
		return false;
	}
	t->state = LB_TRUST_UNKNOWN;
	/* A file that holds another key than its name says vouches for nothing. */
	return lb_usign_key_parse(out, text, (size_t)rc) == 0 && strcmp(out->id, id) == 0;
}

/* The key is known: the check of the image's signature begins. */
static void begin(struct lb_verify_trust *t, const struct lb_usign_signature *signature,
		  const struct lb_usign_key *key)
{
	memcpy(t->id, key->id, sizeof(t->id));
	memcpy(t->comment, key->comment, sizeof(t->comment));
	t->state = LB_TRUST_UNCHECKED;
	t->running = lb_ed25519_begin(&t->check, key->key, signature->signature) == 0;
}

static void begin_plain(struct lb_verify_trust *t, const void *text, size_t n, const char *keys)
{
	struct lb_usign_signature signature;
	struct lb_usign_key key;

	t->state = LB_TRUST_UNREADABLE;
	if (lb_usign_signature_parse(&signature, text, n) < 0)
		return;
	memcpy(t->id, signature.id, sizeof(t->id));
	if (find_key(t, &key, signature.id, keys))
		begin(t, &signature, &key);
}

static bool is_over(const struct lb_usign_signature *s, const struct lb_usign_key *key,
		    const uint8_t *data, size_t n)
{
	struct lb_ed25519 check;

	if (lb_ed25519_begin(&check, key->key, s->signature) < 0)
		return false;
	lb_ed25519_feed(&check, data, n);
	return lb_ed25519_end(&check) == 0;
}

/* The key of the certificate before, or one of the directory. The directory's word that a key was
 * withdrawn is the last one. */
static bool next_key(struct lb_verify_trust *t, struct lb_usign_key *out,
		     const struct lb_usign_key *certified, const char *id, const char *keys)
{
	memcpy(t->id, id, sizeof(t->id));
	if (find_key(t, out, id, keys))
		return true;
	if (t->state == LB_TRUST_REVOKED || strcmp(certified->id, id) != 0)
		return false;
	*out = *certified;
	return true;
}

/* Its key is `certified` from now on. */
static bool take_certificate(struct lb_verify_trust *t, struct lb_usign_key *certified,
			     const struct lb_ucert *c, const char *keys)
{
	const enum lb_ucert_age age = lb_ucert_age(c, (int64_t)time(NULL));
	struct lb_usign_key signer;

	if (!next_key(t, &signer, certified, c->signature.id, keys))
		return false;
	if (!is_over(&c->signature, &signer, c->payload, c->payload_len)) {
		t->state = LB_TRUST_WRONG;
		return false;
	}
	if (c->revokes)
		return true;
	memcpy(t->id, c->id, sizeof(t->id));
	t->clock_behind = t->clock_behind || age == LB_UCERT_CLOCK_BEHIND;
	t->state = age == LB_UCERT_EXPIRED ? LB_TRUST_EXPIRED : LB_TRUST_UNCHECKED;
	*certified = c->key;
	return age != LB_UCERT_EXPIRED;
}

/* Does the chain itself take trust away from a key that it then uses? */
static bool takes_back(const struct lb_ucert_chain *chain, const char *id)
{
	for (size_t i = 0; i < chain->count; i++)
		if (chain->cert[i].revokes && strcmp(chain->cert[i].id, id) == 0)
			return true;
	return false;
}

static void begin_chain(struct lb_verify_trust *t, const struct lb_ucert_chain *chain,
			const char *keys)
{
	struct lb_usign_key certified = {0}, key;
	bool taken_back = takes_back(chain, chain->image.id);

	for (size_t i = 0; i < chain->count; i++) {
		if (!take_certificate(t, &certified, &chain->cert[i], keys))
			return;
		taken_back = taken_back || takes_back(chain, chain->cert[i].signature.id);
	}
	if (!next_key(t, &key, &certified, chain->image.id, keys))
		return;
	if (taken_back)
		t->state = LB_TRUST_REVOKED;
	else
		begin(t, &chain->image, &key);
}

static void begin_inside(struct lb_verify_trust *t, const void *text, size_t n, const char *keys)
{
	struct lb_ucert_chain chain;

	if (lb_ucert_parse(&chain, text, n) == 0)
		begin_chain(t, &chain, keys);
	else
		begin_plain(t, text, n, keys);
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
		begin_plain(t, text, (size_t)rc, keys);
	return 0;
}

/* All of it, as it is. The caller frees it. */
static int read_list(uint8_t **out, size_t *n, const char *path)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP(lb_freep) uint8_t *text = NULL;
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISREG(st.st_mode) || st.st_size > LIST_MAX)
		return LB_E(RANGE);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return LB_E(NOSPC);
	rc = lb_fd_pread(fd, text, (size_t)st.st_size, 0);
	if (rc < 0)
		return rc;
	*n = (size_t)st.st_size;
	*out = text;
	text = NULL;
	return 0;
}

/* Is it signed? A list by a stranger is nobody's word about the image, unlike a signature that
 * somebody put beside just this image. */
static bool is_signed(struct lb_verify_trust *t, const char *path, const uint8_t *list, size_t n,
		      const char *keys)
{
	char signature[LB_PATH_MAX];

	if (snprintf(signature, sizeof(signature), "%s.sig", path) >= (int)sizeof(signature) ||
	    lb_verify_trust_beside(t, signature, keys) < 0)
		return false;
	if (!t->running)
		return t->state == LB_TRUST_REVOKED;
	t->running = false;
	lb_ed25519_feed(&t->check, list, n);
	if (lb_ed25519_end(&t->check) < 0)
		t->state = LB_TRUST_WRONG;
	return true;
}

int lb_verify_trust_list(struct lb_verify_trust *t, const char *path, const char *image,
			 const char *keys)
{
	CLEANUP(lb_freep) uint8_t *list = NULL;
	const char *slash = strrchr(image, '/');
	const char *name = slash ? slash + 1 : image;
	struct lb_verify_trust found;
	uint8_t hash[LB_HASH_MAX];
	size_t n = 0;

	if (read_list(&list, &n, path) < 0 || !memmem(list, n, name, strlen(name)) ||
	    lb_companion_parse(hash, LB_SHA256_SIZE, name, list, n) < 0 ||
	    !is_signed(&found, path, list, n, keys))
		return LB_E(NOENT);
	found.listed = found.state == LB_TRUST_UNCHECKED;
	memcpy(found.sha256, hash, sizeof(found.sha256));
	*t = found;
	return 0;
}

/* 0; LB_E(IO); LB_E(AUTH): it is not what was read before. Whoever answers the second reading with
 * other bytes, a stick with ideas of its own, must not have the first ones pass for signed. */
static int read_again(struct lb_ed25519 *check, int fd, int64_t start, const struct lb_scan *s)
{
	static uint8_t buf[65536];
	struct lb_sha256 state;
	uint64_t left = s->signed_bytes;
	uint8_t hash[LB_SHA256_SIZE];
	ssize_t n;

	if (fd < 0 || lseek(fd, start, SEEK_SET) < 0)
		return LB_E(IO);
	lb_sha256_begin(&state);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		const size_t got = n > 0 ? (size_t)n : 0;
		const size_t of_it = left < got ? (size_t)left : got;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return LB_E(IO);
		lb_sha256_feed(&state, buf, got);
		lb_ed25519_feed(check, buf, of_it);
		left -= of_it;
	}
	lb_sha256_end(&state, hash);
	return memcmp(hash, s->sha256, sizeof(hash)) == 0 ? 0 : LB_E(AUTH);
}

int lb_verify_trust_now(struct lb_verify_trust *t, int fd, int64_t start)
{
	static uint8_t buf[65536];
	ssize_t n;

	if (!t->running)
		return 0;
	if (lseek(fd, start, SEEK_SET) < 0)
		return LB_E(IO);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return LB_E(IO);
		lb_ed25519_feed(&t->check, buf, (size_t)n);
	}
	t->running = false;
	t->state = lb_ed25519_end(&t->check) == 0 ? LB_TRUST_GOOD : LB_TRUST_WRONG;
	return 0;
}

void lb_verify_trust_end(struct lb_verify_trust *t, const struct lb_scan *s, int fd, int64_t start,
			 const char *keys)
{
	int rc = 0;

	if (t->listed)
		t->state = memcmp(t->sha256, s->sha256, sizeof(t->sha256)) == 0 ? LB_TRUST_GOOD
										: LB_TRUST_WRONG;
	if (!t->beside && s->has_signature) {
		begin_inside(t, s->signature_text, s->signature_len, keys);
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
