/* store/safe_keep.h - the archive of settings while a root on flash is written anew, whose overlay
 * does not lie behind it: it lies in that overlay from before the root loses anything until the
 * first boot of the new one, and a cut shows either root with an overlay that is its own. */
#pragma once

#include "plat/safe_keep.h"

/* Before the root is changed. 0: the record calls it not whole now; else LB_E(...), and the root
 * stays what it was. An overlay that has no room for the archive is LB_E(NOSPC), and has lost
 * nothing; one that is not there, or is damaged, is made new. */
MUST_CHECK int lb_safe_keep_begin(const struct plat_safe_keep *p);

/* When all of the new root is there but what makes it bootable: the overlay becomes the one of its
 * first boot. Where the old root is still whole beside the new one, a cut leaves it with its
 * overlay, or with one in which a factory reset goes on that keeps the settings. May be called
 * again, also after a cut. */
MUST_CHECK int lb_safe_keep_turn(const struct plat_safe_keep *p);
