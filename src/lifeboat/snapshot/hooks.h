/* lifeboat/snapshot/hooks.h - programs that bring what they need into the new root of a rollback:
 * those of /etc/schnapps/rollback.d, then of /etc/lifeboat/rollback.d, each in the order of names,
 * of the system that runs. In a rescue mode that is the initramfs. */
#pragma once

#include "plat/linux/disk/btrfs.h"
#include "store/snapshots.h"

struct lb_rollback_hooks {
	char all[32][LB_PATH_MAX]; /* more than anybody has */
	size_t count;
	const struct lb_btrfs *fs;
	void (*told)(void *ctx, const char *path); /* this one runs now; NULL = nobody is told */
	void *ctx;
};

/* Look which there are, and have `ask` call them. Both structs must live until the rollback is
 * over. Called with the path of the new root; one that fails, or takes longer than 2 minutes, is
 * said and changes nothing. */
void lb_rollback_hooks_join(struct lb_rollback_hooks *h, struct lb_rollback_ask *ask);
