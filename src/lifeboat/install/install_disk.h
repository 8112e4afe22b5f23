/* lifeboat/install/install_disk.h - "lifeboat install --disk": the image of a whole disk. */
#pragma once

#include <stdbool.h>

#include "install/scan.h"
#include "plat/linux/disk/target.h"
#include "tables/limits.h"

/* May this be overwritten as a whole? `node` is what the person gave. 0, or LB_E(STATE|NOENT|...)
 * and one sentence. */
MUST_CHECK int lb_install_disk_check(const char *node, char why[LB_SENTENCE_MAX]);

/* The image was verified: do its partitions suit the disk? `whole`: what the disk has in other
 * partitions may be lost. Then the end of the disk is cleared. 0, or LB_E(STATE) with nothing
 * changed, LB_E(IO), and one sentence. */
MUST_CHECK int lb_install_disk_begin(const struct lb_target *t, const struct lb_scan *image,
				     bool whole, char why[LB_SENTENCE_MAX]);

/* The image is on the disk: its partition table is fitted to the size, and shown to the kernel. 0,
 * or LB_E(...) and one sentence. */
MUST_CHECK int lb_install_disk_end(const struct lb_target *t, char why[LB_SENTENCE_MAX]);
