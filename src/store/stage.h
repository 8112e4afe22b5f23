/* store/stage.h - make the overlay of an installed system new, with settings that its first boot
 * restores.
 *
 * First the old overlay goes for good, so that a cut at any moment leaves either no overlay, which
 * the next boot makes, or one that is new. Whoever calls this lets the system boot only after it
 * has returned 0, or does all of it again.
 */
#pragma once

#include <stdbool.h>

#include "plat/stage.h"

enum lb_stage_step {
	LB_STAGE_CLEAR,
	LB_STAGE_FORMAT,
	LB_STAGE_MOUNT,
	LB_STAGE_PUT,
	LB_STAGE_COMMIT,
	LB_STAGE_UNMOUNT,
	LB_STAGE_COMPARE,
	LB_STAGE_DONE,
};

/* Without `settings` only the old overlay goes. 0, or the error of the step that *failed names;
 * then no overlay is left, as far as that could still be done. */
MUST_CHECK int lb_stage_run(const struct plat_stage *p, bool settings, enum lb_stage_step *failed);
