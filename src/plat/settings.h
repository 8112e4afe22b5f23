/* plat/settings.h - what restoring a settings archive may ask of the world: the seam under
 * store/settings.h. All return 0 (or what is said) or an LB_E value. Paths are relative to the
 * root, as lb_member_path() makes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/manifest.h"

/* The bytes of an archive, one after the other. */
struct plat_archive {
	void *ctx;
	int (*rewind)(void *ctx);
	int (*read)(void *ctx, void *buf, size_t n); /* how many it gave, 0 = the end */
};

enum lb_place { /* what is there already */
	LB_PLACE_NOTHING,
	LB_PLACE_FILE, /* or a link, or anything else that a rename replaces */
	LB_PLACE_DIR,
};

struct plat_settings {
	void *ctx;
	struct plat_archive archive;
	int (*free_bytes)(void *ctx, uint64_t *out);
	/* An enum lb_place. LB_E(STATE): what is above it is no directory, but a file, a link, or
	 * another file system. */
	int (*look)(void *ctx, const char *path);
	/* A file of the read-only root: its length, LB_E(NOENT), LB_E(NOSPC) when it is larger. */
	int (*rom_read)(void *ctx, const char *path, void *buf, size_t size);

	int (*stage_clear)(void *ctx); /* delete what a cut left; also when there is nothing */
	int (*stage_make)(void *ctx);
	/* A new file or symbolic link under this number, owner, mode and time as said. A file stays
	 * open for stage_write() until stage_close(), which sets them. */
	int (*stage_open)(void *ctx, unsigned number, const struct lb_member *m);
	int (*stage_write)(void *ctx, const void *buf, size_t n);
	int (*stage_close)(void *ctx, const struct lb_member *m);

	/* Make missing directories above, then: rename what is staged to its path; make a directory
	 * and set its owner and mode; link to what is at m->target. */
	int (*place)(void *ctx, unsigned number, const struct lb_member *m);
	int (*place_dir)(void *ctx, const struct lb_member *m);
	int (*place_hardlink)(void *ctx, unsigned number, const struct lb_member *m);
	int (*sync)(void *ctx); /* all of the above lasts */

	/* Both last when they return 0. */
	int (*archive_remove)(void *ctx);
	int (*archive_rename)(void *ctx, const char *suffix);
};
