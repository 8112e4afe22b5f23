/* tests/settings_archive.h - settings archives in memory, as tests want them: right, and wrong in
 * every way. */
#pragma once

#include <string.h>

#include <sodium.h>
#include <zlib.h>

#include "image/tar_write.h"
#include "store/settings_write.h"

#define SA_BYTES_MAX 65536

#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

struct sa {
	uint8_t bytes[SA_BYTES_MAX];
	size_t n;
};

static inline int sa_write(void *ctx, const void *buf, size_t n)
{
	struct sa *a = ctx;

	if (a->n + n > sizeof(a->bytes))
		return LB_E(NOSPC);
	memcpy(a->bytes + a->n, buf, n);
	a->n += n;
	return 0;
}

/* One member of a test: `text` is the content of a file, or the target of a link. */
struct sa_member {
	enum lb_member_type type;
	const char *path, *text;
	uint32_t mode, uid, gid;
};

static inline struct lb_member sa_member_of(const struct sa_member *t)
{
	struct lb_member m = {.type = t->type,
			      .mode = t->mode,
			      .uid = t->uid,
			      .gid = t->gid,
			      .modified_s = 1700000000};

	(void)strcpy(m.path, t->path);
	if (t->type == LB_MEMBER_FILE)
		m.size_bytes = strlen(t->text);
	else if (t->type != LB_MEMBER_DIR)
		(void)strcpy(m.target, t->text);
	return m;
}

/* gzip over plain tar, as OpenWrt makes it; `end_blocks` of zeros at the end (2 are right). */
static inline void sa_plain(struct sa *a, const struct sa_member *t, size_t count,
			    unsigned end_blocks)
{
	static uint8_t tar[SA_BYTES_MAX];
	size_t at = 0;
	z_stream z = {0};

	memset(tar, 0, sizeof(tar));
	for (size_t i = 0; i < count; i++) {
		struct lb_member m = sa_member_of(&t[i]);
		int n = lb_tar_put_header(tar + at, sizeof(tar) - at, &m);

		at += (size_t)n;
		if (m.type == LB_MEMBER_FILE) {
			memcpy(tar + at, t[i].text, m.size_bytes);
			at += (m.size_bytes + 511) / 512 * 512;
		}
	}
	at += 512 * (size_t)end_blocks;
	(void)deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = tar;
	z.avail_in = (unsigned)at;
	z.next_out = a->bytes;
	z.avail_out = sizeof(a->bytes);
	(void)deflate(&z, Z_FINISH);
	a->n = sizeof(a->bytes) - z.avail_out;
	(void)deflateEnd(&z);
}

/* What `lifeboat settings create` makes, for a board. 0 or LB_E(...). */
static inline int sa_whole(struct sa *a, const struct sa_member *t, size_t count, const char *board)
{
	const struct lb_settings_sink sink = {.ctx = a, .write = sa_write};
	struct lb_manifest head = {.system = "Testing 1.0", .date = "2026-11-21T06:00:00Z"};
	struct lb_settings_writer *w = NULL;
	int rc = lb_settings_write_begin(&w, &sink);

	a->n = 0;
	(void)strcpy(head.board, board);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct lb_member m = sa_member_of(&t[i]);

		(void)crypto_hash_sha256(m.hash, (const uint8_t *)t[i].text, m.size_bytes);
		rc = lb_settings_declare(w, &m);
	}
	if (rc == 0)
		rc = lb_settings_write_manifest(w, &head);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct lb_member m = sa_member_of(&t[i]);

		rc = lb_settings_write_member(w, &m);
		if (rc == 0 && m.size_bytes > 0)
			rc = lb_settings_write_data(w, t[i].text, m.size_bytes);
	}
	if (rc == 0)
		rc = lb_settings_write_end(w);
	lb_settings_write_closep(&w);
	return rc;
}
