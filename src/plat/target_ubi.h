/* plat/target_ubi.h - a dynamic UBI volume as a target, over plat/flash.h.
 *
 * Emptied, then filled block by block, each of which UBI replaces as a whole; the first one comes
 * last. Wear and bad blocks are UBI's. */
#pragma once

#include <stdbool.h>

#include "plat/flash.h"
#include "plat/target.h"

#define LB_TARGET_UBI_BLOCK_MAX (1u << 20)

struct lb_target_ubi {
	struct plat_ubi u;
};

/* `t` belongs to the caller and must stay. 0, or LB_E(UNSUP) blocks larger than
 * LB_TARGET_UBI_BLOCK_MAX. */
MUST_CHECK int lb_target_ubi_init(struct lb_target_ubi *t, const struct plat_ubi *u,
				  struct plat_target *out);
