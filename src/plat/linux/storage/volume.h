/* plat/linux/storage/volume.h - which place on this machine is the overlay's. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "plan/overlay.h"
#include "plat/linux/storage/overlaydev.h"

/* OpenWrt's name of the place, whatever its kind (fstools, libfstools). */
#define LB_VOLUME_NAME "rootfs_data"

/* Find it for the root on `root_disk`, a block device: the first kind that is there, in OpenWrt's
 * order. A root that is called "rootfs" and something more, as one of several does, has a place of
 * its own if there is one of that name: rootfs_a goes with rootfs_data_a. Its words of the kernel
 * command line count: fstools_ignore_partname=1 and fstools_overlay_name=NAME. LB_E(EXIST): two
 * places of that kind have the name. LB_E(NOENT): the command line asks for a name, and none has
 * it. LB_E(PROTECTED): it, or a part of it, is one that nothing may write to. The rest as
 * lb_rootdisk_open() says. */
MUST_CHECK int lb_volume_open(struct lb_overlay_dev *out, const char *root_disk, bool readonly);

/* The same for a root that is not written yet: an overlay behind it begins at off_bytes; 0: as
 * above. *out says by its kind whether it does lie there. */
MUST_CHECK int lb_volume_open_at(struct lb_overlay_dev *out, const char *root_disk,
				 uint64_t off_bytes, bool readonly);

/* Why a place that lb_volume_open() or lb_overlay_dev_content() failed on must not be used, or
 * NOTHING when there simply is none. */
enum lb_overlay_why lb_volume_refusal(int err);
