/* lifeboat/reset/stick_reset.h - the part of a factory reset that is on the owner's stick
 * (store/extroot.h). */
#pragma once

#include <stdint.h>

#include "lifeboat/root/extroot.h"
#include "plat/linux/storage/extrootdev.h"

struct lb_stick {
	enum lb_extroot_kind kind;
	char device[LB_PATH_MAX];
	struct lb_extrootdev pair;
	struct plat_extroot plat;
};

/* Is one in use? stick->kind says it. The struct must not be moved afterwards. */
void lb_stick_open(struct lb_stick *stick);

/* Before the internal overlay is reset. 0, LB_E(...): settings are still on the stick. */
MUST_CHECK int lb_stick_reset(const struct lb_stick *stick, uint64_t *entries);

/* After it is certain that the internal overlay is reset. */
void lb_stick_reset_end(const struct lb_stick *stick);

/* Print what would go. 0 or LB_E(...). */
MUST_CHECK int lb_stick_show(const struct lb_stick *stick);
