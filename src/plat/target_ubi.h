/* plat/target_ubi.h - a dynamic UBI volume as a target, over plat/flash.h.
 *
 * Where the UBI device has room for a second volume as large, the image goes there, is read back,
 * and then takes the name of the old one, which goes, in one step: until then the old one is whole.
 * Such a target has no head. Where there is no room the volume itself is emptied and filled block
 * by block, each of which UBI replaces as a whole; the first one comes last. Wear and bad blocks
 * are UBI's. */
#pragma once

#include <stdbool.h>

#include "plat/flash.h"
#include "plat/target.h"

#define LB_TARGET_UBI_BLOCK_MAX (1u << 20)

struct lb_target_ubi {
	struct plat_ubi u; /* what is written to */
	struct plat_ubi_spare spare;
	bool has_spare;	   /* else NULL was given */
	bool beside, made; /* it is used; it is there, and was not exchanged yet */
};

/* `in_place`: the volume itself is written, whatever room there is; so it is without a spare
 * (NULL). A second volume that an earlier attempt left goes in any case, when the image begins. `t`
 * belongs to the caller and must stay. 0, LB_E(IO), or LB_E(UNSUP) blocks larger than
 * LB_TARGET_UBI_BLOCK_MAX. */
MUST_CHECK int lb_target_ubi_init(struct lb_target_ubi *t, const struct plat_ubi *u,
				  const struct plat_ubi_spare *spare, bool in_place,
				  struct plat_target *out);

/* A second volume that was begun and not exchanged goes. */
void lb_target_ubi_end(struct lb_target_ubi *t);
