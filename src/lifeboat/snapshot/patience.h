/* lifeboat/snapshot/patience.h - the lock of the snapshots, without waiting for ever for one who
 * only looks: "lifeboat snapshot diff | less" on a connection that is dead holds it as long as that
 * terminal lives. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define LB_PATIENCE_S 60 /* who looks and is alive has mostly looked by then */

struct lb_patience {
	void *ctx;
	/* As lb_btrfs_lock(): LB_E(BUSY) when somebody is in the way and it is not to `wait`. */
	int (*lock)(void *ctx, bool exclusive, bool wait);
	void (*sleep_s)(void *ctx, unsigned seconds);
};

/* Alone: asks once per second. 0, LB_E(BUSY) when after LB_PATIENCE_S seconds somebody is still in
 * the way, or what the lock said. */
MUST_CHECK int lb_patience_alone(const struct lb_patience *p);

/* The same, and after that beside those who only look, who may see things change: for what must
 * come to pass. Whoever changes something is waited for as long as that takes, and kept out. 0, or
 * what the lock said. */
MUST_CHECK int lb_patience_overrule(const struct lb_patience *p);
