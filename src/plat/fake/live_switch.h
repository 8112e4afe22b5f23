/* plat/fake/live_switch.h - a router whose flash is not ready, in memory: it boots on RAM, moves to
 * the flash, and boots again.
 *
 * Stricter than hardware. These abort with a message: erasing or mounting what is mounted; giving
 * half a copy its name; entering a flash that the record would have erased; showing half a copy or
 * what was to be erased; formatting flash at a boot, while a person waits.
 */
#pragma once

#include "plat/fake/overlay.h"
#include "plat/fake/power.h"
#include "plat/live_switch.h"
#include "plat/overlay.h"

enum lb_fake_copy {
	LB_FAKE_COPY_NONE,
	LB_FAKE_COPY_OLD,   /* of the time before the flash was to be erased */
	LB_FAKE_COPY_EMPTY, /* of a new overlay */
	LB_FAKE_COPY_HALF,
	LB_FAKE_COPY_WHOLE, /* all that was in RAM when it was made */
};

/* What a power cut leaves. */
struct lb_fake_nor {
	enum lb_overlay_content content;
	enum lb_fake_note note;
	enum lb_fs_state fs_state;
	enum lb_fake_copy staging, upper;
	bool owners_data; /* saved on the flash after it was ready */
};

struct lb_fake_live {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	/* To be set by the test. */
	struct lb_fake_nor nor;
	unsigned busy;		/* passes in which something has changed again */
	bool reset_asked;	/* while the system is on RAM */
	bool failure_is_stored; /* a call that fails has done its work all the same */
	bool no_room;		/* for the copy */

	/* Since the last power-on. */
	bool mounted, on_flash, on_ram, noted, committed;

	struct lb_fake_nor whole; /* if the call under way is done */
	enum lb_fake_live_deed {
		LB_FAKE_LIVE_STEP, /* done or not done */
		LB_FAKE_LIVE_ERASING,
		LB_FAKE_LIVE_COPYING,
		LB_FAKE_LIVE_COMMITTING,
	} deed;
};

void lb_fake_live_init(struct lb_fake_live *f, struct lb_fake_power *power);

/* A boot. */
struct plat_overlay lb_fake_live_overlay(struct lb_fake_live *f);
struct lb_overlay_sense lb_fake_live_sense(const struct lb_fake_live *f);
void lb_fake_live_reboot(struct lb_fake_live *f);

/* mount_root done. */
struct plat_live_switch lb_fake_live_plat(struct lb_fake_live *f);
