/* plat/linux/disk/bootenv.h - U-Boot's environment, through libubootenv.
 *
 * The library knows MTD, UBI, disks and files, one copy or two, and where which copy is the newer
 * one. What it does not do is here: an environment that cannot be read is never written over, and
 * what was written is read back.
 */
#pragma once

#include "plan/bootenv.h"
#include "plat/bootenv.h"

/* Where the system says that the environment is. */
#define LB_BOOTENV_CONFIG "/etc/fw_env.config"

/* Owned by the caller; the plat_bootenv of lb_bootenv_open() points to it. */
struct lb_bootenv {
	struct uboot_ctx *library;
};

#define LB_BOOTENV_CLOSED        \
	{                        \
		.library = NULL, \
	}

/* Open the environment whose copies lie at `places` (one or two, their devices as a board file
 * writes them), or with `count` 0 where LB_BOOTENV_CONFIG says. The library holds a lock of its own
 * from here to lb_bootenv_closep(), which fw_setenv waits for as well. 0, or with `out` untouched:
 * LB_E(NOENT) no such device or no configuration, LB_E(CRC) no copy of it is whole, LB_E(FORMAT)
 * the places cannot be together, LB_E(IO). */
MUST_CHECK int lb_bootenv_open(struct lb_bootenv *e, struct plat_bootenv *out,
			       const struct lb_bootenv_place *places, size_t count);
void lb_bootenv_closep(struct lb_bootenv *e);
