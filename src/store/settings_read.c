#include "store/settings_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <archive.h>
#include <archive_entry.h>
#include <sodium.h>

#include "store/gunzip.h"

/* Handed to libarchive one by one, so that it never reads further than it looks: where it stands at
 * the end is known to the block. */
#define BLOCK_BYTES 512

struct lb_settings_reader {
	struct lb_gunzip gunzip;
	struct archive *tar;
	uint8_t block[BLOCK_BYTES];
	bool starved; /* libarchive asked for more than there was */
	int gunzip_rc;

	struct lb_manifest manifest;
	char *manifest_text;
	bool has_manifest;
	uint32_t count;

	bool in_file; /* the content of the current member was not read to its end */
	char path[LB_MEMBER_PATH_MAX];
	uint8_t hash[LB_HASH_BYTES]; /* as the manifest has it */
	crypto_hash_sha256_state sum;
	char why[LB_SENTENCE_MAX];
};

PRINTF_LIKE(3, 4)
static int fail(struct lb_settings_reader *r, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	return err;
}

static la_ssize_t feed(struct archive *tar, void *ctx, const void **out)
{
	struct lb_settings_reader *r = ctx;
	int filled = 0;

	while (filled < BLOCK_BYTES) {
		int got = r->gunzip_rc;

		/* libarchive may ask again after an error: the first one counts. */
		if (got == 0)
			got = lb_gunzip_read(&r->gunzip, r->block + filled,
					     (size_t)(BLOCK_BYTES - filled));

		if (got < 0) {
			r->gunzip_rc = got;
			archive_set_error(tar, EIO, "gzip");
			return -1;
		}
		if (got == 0)
			break;
		filled += got;
	}
	r->starved = r->starved || filled == 0;
	*out = r->block;
	return filled;
}

/* What libarchive or gunzip could not go on with. */
static int fail_tar(struct lb_settings_reader *r)
{
	if (r->gunzip_rc < 0)
		return fail(r, r->gunzip_rc, "%s", r->gunzip.why);
	if (r->starved)
		return fail(r, LB_E(TRUNC), "ends early");
	return fail(r, LB_E(FORMAT), "is damaged (tar)");
}

/* Behind the two blocks of zeros that end a tar only zeros follow. */
static int judge_end(struct lb_settings_reader *r)
{
	int got;

	if (r->gunzip_rc < 0)
		return fail_tar(r); /* libarchive does without the second of the two blocks */
	if (r->starved)
		return fail(r, LB_E(TRUNC), "ends early: the end mark of tar is missing");
	while ((got = lb_gunzip_read(&r->gunzip, r->block, sizeof(r->block))) > 0)
		for (int i = 0; i < got; i++)
			if (r->block[i] != 0)
				return fail(r, LB_E(FORMAT), "goes on behind the end mark of tar");
	if (got < 0)
		return fail(r, got, "%s", r->gunzip.why);
	if (r->has_manifest && r->count != r->manifest.count)
		return fail(r, LB_E(TRUNC), "holds less than its manifest says");
	return 0;
}

static int type_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return LB_MEMBER_HARDLINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return LB_MEMBER_FILE;
	case AE_IFDIR:
		return LB_MEMBER_DIR;
	case AE_IFLNK:
		return LB_MEMBER_LINK;
	default:
		return LB_E(UNSUP);
	}
}

static int take_target(struct lb_settings_reader *r, struct lb_member *m, struct archive_entry *e)
{
	const char *target = m->type == LB_MEMBER_LINK	     ? archive_entry_symlink(e)
			     : m->type == LB_MEMBER_HARDLINK ? archive_entry_hardlink(e)
							     : "";
	int rc = 0;

	if (!target || strlen(target) >= sizeof(m->target))
		return fail(r, LB_E(RANGE), "holds a link of too many characters: %.80s", m->path);
	if (m->type == LB_MEMBER_HARDLINK)
		rc = lb_member_path(m->target, target);
	else
		(void)strcpy(m->target, target);
	return rc < 0 ? fail(r, LB_E(AUTH), "holds a path that leads elsewhere: %.80s", target) : 0;
}

/* 0 also for the root itself, which has an empty path. */
static int take_entry(struct lb_settings_reader *r, struct lb_member *m, struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);
	int type = type_of(e), rc;

	if (!name)
		name = archive_entry_pathname_utf8(e);
	if (!name)
		return fail(r, LB_E(UNSUP), "holds a name that cannot be read");
	if (type < 0)
		return fail(r, type, "holds what is no setting (device, pipe or socket): %.80s",
			    name);
	memset(m, 0, sizeof(*m));
	rc = lb_member_path(m->path, name);
	if (rc == LB_E(NOSPC))
		return fail(r, LB_E(RANGE), "holds a path of too many characters: %.80s", name);
	if (rc < 0)
		return fail(r, rc, "holds a path that leads elsewhere: %.80s", name);
	m->type = (enum lb_member_type)type;
	m->mode = type == LB_MEMBER_LINK ? 0777 : (uint32_t)archive_entry_perm(e) & 07777;
	m->uid = (uint32_t)archive_entry_uid(e);
	m->gid = (uint32_t)archive_entry_gid(e);
	m->size_bytes = type == LB_MEMBER_FILE ? (uint64_t)archive_entry_size(e) : 0;
	m->modified_s = archive_entry_mtime(e);
	return take_target(r, m, e);
}

static int next_entry(struct lb_settings_reader *r, struct lb_member *m)
{
	struct archive_entry *e;
	int rc = archive_read_next_header(r->tar, &e);

	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return fail_tar(r);
	rc = take_entry(r, m, e);
	return rc < 0 ? rc : 1;
}

static int read_manifest(struct lb_settings_reader *r, const struct lb_member *m)
{
	uint8_t sum[LB_HASH_BYTES];
	size_t n = (size_t)m->size_bytes;
	int rc;

	if (m->type != LB_MEMBER_FILE || m->size_bytes > LB_MANIFEST_BYTES_MAX)
		return fail(r, LB_E(RANGE), "has a manifest of more than %u KiB",
			    LB_MANIFEST_BYTES_MAX / 1024);
	r->manifest_text = malloc(n + 1);
	if (!r->manifest_text)
		return fail(r, LB_E(NOSPC), "needs more memory than there is");
	if (archive_read_data(r->tar, r->manifest_text, n) != (la_ssize_t)n)
		return fail_tar(r);
	rc = lb_manifest_parse(&r->manifest, r->manifest_text, n);
	if (rc == LB_E(UNSUP))
		return fail(r, rc, "was made by a newer version of Lifeboat");
	if (rc < 0)
		return fail(r, rc, "has a damaged manifest");
	(void)crypto_hash_sha256(sum, (const uint8_t *)r->manifest_text, r->manifest.hashed_bytes);
	if (memcmp(sum, r->manifest.hash, sizeof(sum)) != 0)
		return fail(r, LB_E(CRC), "has a manifest with a wrong hash");
	r->has_manifest = true;
	return 0;
}

static bool same(const struct lb_member *a, const struct lb_member *b)
{
	return a->type == b->type && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->size_bytes == b->size_bytes && strcmp(a->path, b->path) == 0 &&
	       strcmp(a->target, b->target) == 0;
}

static int compare(struct lb_settings_reader *r, const struct lb_member *m)
{
	struct lb_member wanted;
	int rc = lb_manifest_next(&r->manifest, &wanted);

	if (rc < 0)
		return fail(r, rc, "has a damaged manifest");
	if (rc == 0)
		return fail(r, LB_E(FORMAT), "holds more than its manifest says: %.80s", m->path);
	if (!same(m, &wanted))
		return fail(r, LB_E(CRC), "does not hold what its manifest says: %.80s",
			    wanted.path);
	memcpy(r->hash, wanted.hash, sizeof(r->hash));
	return 0;
}

static int begin_member(struct lb_settings_reader *r, const struct lb_member *m)
{
	int rc = r->has_manifest ? compare(r, m) : 0;

	if (rc < 0)
		return rc;
	if (++r->count > LB_MEMBERS_MAX)
		return fail(r, LB_E(RANGE), "holds more than %d files", LB_MEMBERS_MAX);
	(void)strcpy(r->path, m->path);
	r->in_file = m->type == LB_MEMBER_FILE;
	(void)crypto_hash_sha256_init(&r->sum);
	return 1;
}

/* What the caller did not want to have of a content is hashed all the same. */
static int finish_member(struct lb_settings_reader *r)
{
	uint8_t rest[4096];
	int got = 0;

	while (r->in_file && (got = lb_settings_data(r, rest, sizeof(rest))) > 0)
		;
	return got;
}

int lb_settings_next(struct lb_settings_reader *r, struct lb_member *out)
{
	int rc = finish_member(r);

	if (rc < 0)
		return rc;
	do {
		rc = next_entry(r, out);
		if (rc <= 0)
			return rc < 0 ? rc : judge_end(r);
		if (strcmp(out->path, LB_MANIFEST_PATH) == 0) {
			if (r->has_manifest || r->count > 0)
				return fail(r, LB_E(FORMAT), "has a manifest in the wrong place");
			rc = read_manifest(r, out);
			if (rc < 0)
				return rc;
			out->path[0] = '\0';
		}
	} while (!out->path[0]);
	return begin_member(r, out);
}

int lb_settings_data(struct lb_settings_reader *r, void *buf, size_t n)
{
	uint8_t sum[LB_HASH_BYTES];
	la_ssize_t got;

	if (!r->in_file)
		return 0;
	got = archive_read_data(r->tar, buf, n);
	if (got < 0)
		return fail_tar(r);
	if (got > 0) {
		(void)crypto_hash_sha256_update(&r->sum, buf, (size_t)got);
		return (int)got;
	}
	r->in_file = false;
	(void)crypto_hash_sha256_final(&r->sum, sum);
	if (r->has_manifest && memcmp(sum, r->hash, sizeof(sum)) != 0)
		return fail(r, LB_E(CRC), "does not hold what its manifest says: %.80s", r->path);
	return 0;
}

const struct lb_manifest *lb_settings_manifest(const struct lb_settings_reader *r)
{
	return r->has_manifest ? &r->manifest : NULL;
}

const char *lb_settings_why(const struct lb_settings_reader *r)
{
	return r->why;
}

static int start(struct lb_settings_reader *r, const struct plat_archive *from, const char **why)
{
	int rc = lb_gunzip_begin(&r->gunzip, from);

	if (rc < 0) {
		*why = r->gunzip.why;
		return rc;
	}
	r->tar = archive_read_new();
	*why = "needs more memory than there is";
	if (!r->tar || archive_read_support_format_tar(r->tar) != ARCHIVE_OK)
		return LB_E(NOSPC);
	if (archive_read_open(r->tar, r, NULL, feed, NULL) == ARCHIVE_OK)
		return 0;
	*why = r->gunzip_rc < 0 ? r->gunzip.why : "holds no tar";
	return r->gunzip_rc < 0 ? r->gunzip_rc : LB_E(FORMAT);
}

int lb_settings_open(struct lb_settings_reader **out, const struct plat_archive *from,
		     const char **why)
{
	struct lb_settings_reader *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	*why = "needs more memory than there is";
	if (!r)
		return LB_E(NOSPC);
	rc = start(r, from, why);
	if (rc < 0)
		lb_settings_closep(&r);
	*out = r;
	return rc;
}

void lb_settings_closep(struct lb_settings_reader **r)
{
	if (!*r)
		return;
	if ((*r)->tar)
		(void)archive_read_free((*r)->tar);
	lb_gunzip_end(&(*r)->gunzip);
	free((*r)->manifest_text);
	free(*r);
	*r = NULL;
}
