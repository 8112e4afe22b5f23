/* lifeboat/root/to_flash.h - the second half of a boot on flash that was not ready: from RAM to it.
 */
#pragma once

#include <stdbool.h>

#include "plan/overlay.h"
#include "plat/linux/storage/overlaydev.h"
#include "store/board.h"
#include "store/live_switch.h"
#include "tables/limits.h"

/* Erase the flash of `dev`, whose content was `content`, and move the running system's overlay from
 * RAM to it. `mark_formatting` as in plat/overlay.h, with the board as its context. Returns whether
 * the root is on flash now; `notice` is what the owner should act on, "" = nothing. */
bool lb_to_flash(const struct lb_board *board, struct lb_overlay_dev *dev,
		 enum lb_overlay_content content, int (*mark_formatting)(void *board, int begun),
		 char notice[LB_SENTENCE_MAX]);
