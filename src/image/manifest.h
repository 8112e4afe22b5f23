/* image/manifest.h - settings archives: what a member may be, and the manifest, their first member,
 * that says what belongs into the archive (pure; layout: docs/settings-archive.md). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "tables/limits.h"

#define LB_MANIFEST_PATH      "etc/lifeboat/settings.manifest"
#define LB_MANIFEST_HEAD_MAX  512	    /* its lines before the first member */
#define LB_MANIFEST_BYTES_MAX (1024 * 1024) /* 8192 members at a common length of their paths */
#define LB_MEMBERS_MAX	      8192	    /* backups of OpenWrt hold 50 to 500 */
#define LB_MEMBER_PATH_MAX    1024	    /* four times what OpenWrt's own packages reach */
#define LB_MEMBER_LINE_MAX    (8 * LB_MEMBER_PATH_MAX + 160) /* two paths, each byte as \xHH */
#define LB_HASH_BYTES	      32			     /* SHA-256 */
#define LB_SETTINGS_STAGE     ".lifeboat-settings" /* in the root: where a restore unpacks */

enum lb_member_type {
	LB_MEMBER_FILE,
	LB_MEMBER_DIR,
	LB_MEMBER_LINK,	    /* symbolic */
	LB_MEMBER_HARDLINK, /* to an earlier member; in archives without manifest only */
};

struct lb_member {
	enum lb_member_type type;
	uint32_t mode; /* permission bits, 0 to 07777; 0777 for links */
	uint32_t uid, gid;
	uint64_t size_bytes;	     /* of a file, else 0 */
	int64_t modified_s;	     /* since 1970; not in the manifest */
	uint8_t hash[LB_HASH_BYTES]; /* SHA-256 of a file's content */
	char path[LB_MEMBER_PATH_MAX];
	char target[LB_MEMBER_PATH_MAX]; /* of a link, else "" */
};

struct lb_manifest {
	char board[LB_NAME_MAX];     /* id of the board that the settings are of */
	char system[LB_NAME_MAX];    /* name and version of its system, for people */
	char date[24];		     /* "2026-11-21T06:13:00Z" by the clock of that router */
	uint32_t count;		     /* of members, without the manifest */
	uint8_t hash[LB_HASH_BYTES]; /* what the first hashed_bytes have to have: for the caller to
					compare */
	size_t hashed_bytes;
	struct lb_rd members; /* lines not yet taken; points into the caller's buffer */
};

/* Parse and judge a whole manifest, each line of it; the hash is left to the caller. 0, or with
 * `out` untouched: LB_E(FORMAT) not a manifest or broken, LB_E(UNSUP) of a newer format,
 * LB_E(RANGE) too many members. */
MUST_CHECK int lb_manifest_parse(struct lb_manifest *out, const void *buf, size_t n);

/* Take the next member. 1, or 0 at the end. Only for what lb_manifest_parse() accepted. */
MUST_CHECK int lb_manifest_next(struct lb_manifest *m, struct lb_member *out);

/* The first lines, for board, system, date and count. Returns the length, or LB_E(NOSPC). What is
 * not printable ASCII becomes '?'. */
MUST_CHECK int lb_manifest_put_head(char *out, size_t size, const struct lb_manifest *m);

/* The line of a member, newline included. Returns the length, or LB_E(NOSPC). */
MUST_CHECK int lb_manifest_put_member(char *out, size_t size, const struct lb_member *m);

/* The last line, with the hash over all lines before it. Returns the length, or LB_E(NOSPC). */
MUST_CHECK int lb_manifest_put_end(char *out, size_t size, const uint8_t hash[LB_HASH_BYTES]);

/* The path of a member as it is used here: relative to the root, without "." and "//" and slash at
 * the end. "" is the root itself. 0, or LB_E(AUTH): it is absolute, goes through "..", or is one
 * that a restore itself uses; LB_E(NOSPC): too long. */
MUST_CHECK int lb_member_path(char out[LB_MEMBER_PATH_MAX], const char *name);
