/* lifeboat/snapshot/savepoint.h - wait for "commit", and go back without it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define LB_SAVEPOINT_WARN_S 15 /* as long before as schnapps does; less than a minute */

struct lb_savepoint_hands {
	void *ctx;
	/* Seconds since the start of the machine, those of its sleep included. */
	uint64_t (*now_s)(void *ctx);
	void (*sleep_s)(void *ctx, unsigned seconds);
	/* Is it there, and nobody has said "commit"? */
	bool (*is_pending)(void *ctx);
	void (*warn)(void *ctx);
	int (*go_back)(void *ctx); /* 0, or LB_E(...): then there is no reboot */
	int (*reboot)(void *ctx);
};

enum lb_savepoint_end {
	LB_SAVEPOINT_COMMITTED, /* or deleted: whatever was tried stays */
	LB_SAVEPOINT_WENT_BACK,
	LB_SAVEPOINT_FAILED,
};

/* Returns as soon as it is committed, within a second: whoever has said so can unmount the disk at
 * once. */
enum lb_savepoint_end lb_savepoint_watch(const struct lb_savepoint_hands *h, unsigned minutes);
