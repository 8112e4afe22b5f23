/* lifeboat/reset/root_reset.h - the factory reset of a root without overlay, as far as the running
 * system has to do with it: look whether it can be done, and ask the next boot for it (renew.h). */
#pragma once

#include "base/err.h"
#include "plat/linux/storage/imagesource.h"
#include "store/board.h"

struct lb_root_reset {
	struct lb_imagesource image;
	char disk[LB_PATH_MAX]; /* of the root */
	uint64_t disk_bytes;
};

#define LB_ROOT_RESET_CLOSED                    \
	{                                       \
		.image = LB_IMAGESOURCE_CLOSED, \
	}

/* Everything that can be seen now, the whole image read. 0, or LB_E(STATE) after one sentence: then
 * the next boot could not do it. Release with lb_root_reset_closep(). */
MUST_CHECK int lb_root_reset_open(struct lb_root_reset *r, const struct lb_board *board);
void lb_root_reset_closep(struct lb_root_reset *r);

void lb_root_reset_show(const struct lb_root_reset *r, const struct lb_board *board);

/* Commit: 0, and from now on the reset happens; LB_E(...) after one sentence. */
MUST_CHECK int lb_root_reset_ask(const struct lb_root_reset *r, const struct lb_board *board);
