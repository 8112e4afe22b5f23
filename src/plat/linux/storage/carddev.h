/* plat/linux/storage/carddev.h - plat_card on a partition of this machine. Runs mkfs.btrfs: not for
 * PID 1. */
#pragma once

#include <stdint.h>

#include "plat/card.h"
#include "plat/linux/disk/btrfs.h"

struct lb_carddev {
	char device[LB_PATH_MAX];
	uint64_t size_bytes;
	struct lb_btrfs btrfs;
	/* plat_card's. */
	int (*note)(void *ctx, bool begun);
	int (*table)(void *ctx); /* NULL = it has one; lb_carddev_open() is called in it */
	/* Puts the system into this directory. */
	int (*fill)(void *ctx, int dir);
	void *ctx;
};

#define LB_CARDDEV_CLOSED             \
	{                             \
		.btrfs = {.top = -1 } \
	}

/* `device` is a partition, or a disk without any. 0, or LB_E(PROTECTED) nothing may write there,
 * LB_E(BUSY) it is mounted or otherwise in use, LB_E(UNSUP) no block device, LB_E(...). Nothing is
 * written. */
MUST_CHECK int lb_carddev_open(struct lb_carddev *c, const char *device);
struct plat_card lb_carddev_plat(struct lb_carddev *c);
void lb_carddev_closep(struct lb_carddev *c);
