/* plat/linux/storage/ram_root.h - a copy of the read-only root in RAM, for a PID 1 that is to write
 * over the one on the disk: all tools are at hand, and nothing on the disk is in use any more. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_RAM_DIR  "/run/lifeboat/ram"
#define LB_RAM_ROOT LB_RAM_DIR "/root"
#define LB_RAM_PROGRAM                                                            \
	LB_RAM_DIR "/lifeboat" /* this program: the root's may be another version \
				*/

/* Make it: a tmpfs on LB_RAM_DIR with this program and, unless "/" is an initramfs, the image of
 * the read-only root, mounted on LB_RAM_ROOT. `flat`: nothing is mounted yet, for an init that
 * unmounts what it finds, and all lies in the tmpfs of /run, which is made larger if need be.
 * `more_bytes` will be put there besides. 0, or with nothing left of it and one sentence in `why`:
 * LB_E(NOSPC) the RAM is too small, LB_E(UNSUP) the root is no squashfs or EROFS, LB_E(...). */
MUST_CHECK int lb_ram_root_make(uint64_t more_bytes, bool flat, char why[LB_SENTENCE_MAX]);
void lb_ram_root_drop(void);

/* A copy of a file in LB_RAM_DIR; its path goes to `to`. */
MUST_CHECK int lb_ram_root_put(const char *from, const char *name, char to[LB_PATH_MAX]);

/* A copy of a file anywhere. */
MUST_CHECK int lb_ram_root_copy(const char *from, const char *to);

/* By PID 1, with nobody else alive: make LB_RAM_ROOT "/", and unmount everything but it, /proc,
 * /sys, /dev, /run and /tmp. On an initramfs nothing but the unmounting is done. 0, or LB_E(...):
 * the old root is still there, or something of it is in use (LB_E(BUSY), `why` says what). */
MUST_CHECK int lb_ram_root_enter(char why[LB_SENTENCE_MAX]);
