/* lifeboat/upgrade/stage.h - the overlay that belongs to an installed root is made new, with the
 * settings that its first boot is to restore. */
#pragma once

#include <stdint.h>

#include "plat/linux/storage/stagedev.h"
#include "store/board.h"

/* `root_spec`: where the root is, as a board file says it (PARTLABEL=..., /dev/..., MTD=, UBI=).
 * The image has to be there already: its overlay lies behind it, or is the volume rootfs_data.
 * `archive`: path of a settings archive; "" = only make sure that no old overlay is left.
 *
 * 0 when all of it is on the medium and was read back. Else `why` is one sentence: LB_E(NOENT)
 * there is no such root, LB_E(NOSPC) no room for an overlay or for the archive, LB_E(BUSY) the
 * overlay is in use, LB_E(PROTECTED), or LB_E(...). After a failure no old overlay is left there,
 * or it was never touched; all of it may be done again.
 *
 * Erases flash, runs mkfs.ext4 or mkfs.f2fs and may take minutes, in a child with mounts of its
 * own: /proc, /sys and /dev have to be there, and /tmp writable. Blocks: PID 1 forks first. */
MUST_CHECK int lb_stage_settings(const struct lb_board *board, const char *root_spec,
				 const char *archive, char why[LB_SENTENCE_MAX]);

/* The same for an image that is yet to be written: an overlay behind it will lie at off_bytes; 0:
 * the image is there, and says it. */
MUST_CHECK int lb_stage_settings_at(const struct lb_board *board, const char *root_spec,
				    uint64_t off_bytes, const char *archive,
				    char why[LB_SENTENCE_MAX]);

/* The same on a place that is open, for a process that has mounts of its own already. */
MUST_CHECK int lb_stage_on(struct lb_stage_dev *s, char why[LB_SENTENCE_MAX]);
