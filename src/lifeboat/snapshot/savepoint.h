/* lifeboat/snapshot/savepoint.h - wait for "commit", and go back without it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define LB_SAVEPOINT_WARN_S  15 /* as long before as schnapps does; less than a minute */
#define LB_SAVEPOINT_AGAIN_S 60
#define LB_SAVEPOINT_TRIES   60 /* an hour: a full or a busy disk may have been seen to by then */

struct lb_savepoint_hands {
	void *ctx;
	/* Seconds since the start of the machine, those of its sleep included. */
	uint64_t (*now_s)(void *ctx);
	void (*sleep_s)(void *ctx, unsigned seconds);
	/* Is it there, and nobody has said "commit"? */
	bool (*is_pending)(void *ctx);
	void (*warn)(void *ctx);
	/* 0; LB_E(NOENT): nobody wants it any more; another LB_E(...), which it has told: it
	 * failed, and is tried again. */
	int (*go_back)(void *ctx);
	void (*reboot)(void *ctx);
};

enum lb_savepoint_end {
	LB_SAVEPOINT_COMMITTED, /* or deleted, or left by a rollback: whatever was tried stays */
	LB_SAVEPOINT_WENT_BACK,
	LB_SAVEPOINT_FAILED,
};

/* Returns as soon as it is committed, within a second: whoever has said so can unmount the disk at
 * once. */
enum lb_savepoint_end lb_savepoint_watch(const struct lb_savepoint_hands *h, unsigned minutes);
