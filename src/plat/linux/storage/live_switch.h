/* plat/linux/storage/live_switch.h - the real struct plat_live_switch: an overlay in RAM becomes
 * one on flash. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plat/linux/files/copytree.h"
#include "plat/linux/storage/overlaydev.h"
#include "plat/live_switch.h"

struct lb_live_switch {
	struct lb_overlay_dev *dev;
	enum lb_overlay_content content; /* of it, as found */
	int (*mark_formatting)(void *record_ctx, int begun);
	void *record_ctx;

	/* Its own from here on; zero. */
	struct lb_copytree copy;
	const char *mounted_at; /* the flash; NULL = not mounted */
	bool erased;
	bool committed;	   /* the flash counts from now on */
	uint64_t old_root; /* the mount of the RAM overlay */
};

/* Valid as long as *l, which lb_live_switch_closep() releases. */
struct plat_live_switch lb_live_switch_plat(struct lb_live_switch *l);
void lb_live_switch_closep(struct lb_live_switch *l);
