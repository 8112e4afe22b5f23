/* plat/linux/storage/resetdev.h - the real struct plat_reset: an overlay behind the read-only root,
 * on a partition, or on flash. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plat/linux/disk/flash.h"
#include "plat/reset.h"
#include "tables/limits.h"

struct lb_resetdev {
	enum lb_volume kind;
	struct lb_flash flash;		/* on flash only */
	char disk[LB_PATH_MAX];		/* holds the overlay, and in a rootdisk the root as well */
	char device[LB_PATH_MAX];	/* the overlay's own: what is or would be mounted */
	int fd;				/* of `device`, writable; -1 = closed, or on flash */
	char below[LB_PATH_MAX];	/* holds `device`: past its caches; not on flash */
	uint64_t off_bytes, size_bytes; /* of the overlay on `below` */
	const char *dir; /* where it is mounted or would be: /rom/overlay below a stick */
	bool mounted, writable;
	bool on_ram;		     /* something in RAM is there in its place */
	char fs[32];		     /* of what is mounted there, "" = nothing */
	char elsewhere[LB_PATH_MAX]; /* somebody has mounted it there, "" = nobody */
	enum lb_overlay_why refused; /* why it must not be used, NOTHING = it may */
	/* Ask for the reset in the recovery record; LB_E(NOENT) without one. */
	int (*record_request)(void *record_ctx, bool keep);
	void *record_ctx;
};

#define LB_RESETDEV_CLOSED \
	{                  \
		.fd = -1   \
	}

/* Find the overlay of the running system, mounted or not. LB_E(UNSUP): there is none, because the
 * root is not read-only, or (then `disk` says where it is) lies on flash that has no place for one;
 * LB_E(NOSPC): no room for one behind the root; LB_E(BUSY): it is mounted at `elsewhere`;
 * LB_E(STATE): something else is mounted in its place; LB_E(...) with `refused` set: it is there
 * but must not be used; LB_E(...). Release with lb_resetdev_closep(). */
MUST_CHECK int lb_resetdev_open(struct lb_resetdev *r);
void lb_resetdev_closep(struct lb_resetdev *r);

/* Valid as long as *r. */
struct plat_reset lb_resetdev_plat(struct lb_resetdev *r);
