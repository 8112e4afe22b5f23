/* lifeboat/install/install_disk.h - "lifeboat install --disk": the image of a whole disk. */
#pragma once

#include <stdbool.h>

#include "install/disk_beside.h"
#include "install/scan.h"
#include "plat/linux/disk/target.h"
#include "store/board.h"
#include "tables/limits.h"

/* Large: static storage. */
struct lb_install_disk {
	const struct lb_board *board;
	const struct lb_target *target;
	bool whole;		  /* what the disk has in other partitions may be lost */
	struct plat_target under; /* the disk as it is */
	struct lb_disk_beside beside;
};

/* May this be overwritten as a whole? `node` is what the person gave. 0, or LB_E(STATE|NOENT|...)
 * and one sentence. */
MUST_CHECK int lb_install_disk_check(const char *node, char why[LB_SENTENCE_MAX]);

/* `plat` is the target of the open disk, and becomes one that can keep partitions. `board` and
 * `target` must stay. */
void lb_install_disk_init(struct lb_install_disk *d, const struct lb_board *board,
			  const struct lb_target *target, bool whole, struct plat_target *plat);

/* The first bytes of an image that streams: do its partitions suit the disk? 0, or LB_E(STATE) and
 * one sentence. Nothing is changed. */
MUST_CHECK int lb_install_disk_peek(struct lb_install_disk *d, const uint8_t *head, size_t n,
				    char why[LB_SENTENCE_MAX]);

/* The same for an image that was verified, NULL for one that streams. Then the end of a disk that
 * keeps nothing is cleared. 0, or LB_E(STATE) with nothing changed, LB_E(IO), and one sentence. */
MUST_CHECK int lb_install_disk_begin(struct lb_install_disk *d, const struct lb_scan *image,
				     char why[LB_SENTENCE_MAX]);

/* The image is on the disk: its partition table is fitted to the size, and shown to the kernel. 0,
 * or LB_E(...) and one sentence. */
MUST_CHECK int lb_install_disk_end(const struct lb_install_disk *d, char why[LB_SENTENCE_MAX]);
