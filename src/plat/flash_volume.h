/* plat/flash_volume.h - the overlay's place on flash: what is on it, erase it, ask for its erasure;
 * over plat/flash.h, so that plat/linux and the power-cut tests run the same code.
 *
 * A power cut at any moment leaves what was there, or something that lb_*_content() tells as to be
 * formatted. None of these may run while the place is mounted and can be written to.
 */
#pragma once

#include "plan/overlay.h"
#include "plat/flash.h"

/* BLANK, DEADCODE, JFFS2 or UNKNOWN. A block that cannot be read counts as unknown bytes. BLANK
 * also when the only thing on it is one block, not the first, in which JFFS2 finds nothing: that is
 * what a cut in the last step of lb_mtd_erase() leaves. LB_E(IO): the chip does not answer,
 * LB_E(UNSUP): its geometry makes no sense. */
MUST_CHECK int lb_mtd_content(const struct plat_mtd *m, enum lb_overlay_content *out);

/* Erase every block that is not bad and holds anything, and read back. A block that can no longer
 * be erased becomes a bad one where the chip knows such. LB_E(IO): something is left, and the
 * partition still asks to be erased. */
MUST_CHECK int lb_mtd_erase(const struct plat_mtd *m);

/* Make lb_mtd_content() say DEADCODE, for us at once and then for OpenWrt as well; read back. On
 * failure either nothing has changed or it is asked for all the same. Only where no block is free
 * does it cost one of the file system's blocks before the request stands. */
MUST_CHECK int lb_mtd_mark(const struct plat_mtd *m);

/* BLANK, DEADCODE (an update was cut, which has discarded what was there), UBIFS or UNKNOWN. */
MUST_CHECK int lb_ubi_content(const struct plat_ubi *u, enum lb_overlay_content *out);

/* Empty the volume, which for UBIFS asks for a new file system, and read back. */
MUST_CHECK int lb_ubi_empty(const struct plat_ubi *u);
