/* plat/fake/stage.h - the place of an overlay, in memory, and the boot that looks at it.
 *
 * Stricter than hardware. These abort with a message: making a file system on, clearing, or
 * comparing what is mounted; mounting what nobody formatted; naming an archive that is not whole.
 */
#pragma once

#include <stdbool.h>

#include "plat/fake/power.h"
#include "plat/stage.h"

enum lb_fake_area {
	LB_FAKE_AREA_OLD,    /* an overlay of the owner, from before */
	LB_FAKE_AREA_MARKED, /* the next boot makes a new one */
	LB_FAKE_AREA_TORN,   /* half a file system, behind a marker or not to be mounted */
	LB_FAKE_AREA_NEW,
};

struct lb_fake_place {
	enum lb_fake_area area;
	bool half, whole; /* of the archive, under the name that nobody looks for */
	bool named;	  /* what the next boot restores */
	bool pending;	  /* the first boot is to come */
};

struct lb_fake_stage {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	struct lb_fake_place now, whole; /* `whole`: if the call under way is done */
	bool mounted;
	bool bad_copy; /* to be set by the test: the medium gives back other bytes */
};

void lb_fake_stage_init(struct lb_fake_stage *f, struct lb_fake_power *power);
struct plat_stage lb_fake_stage_plat(struct lb_fake_stage *f);
