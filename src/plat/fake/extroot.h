/* plat/fake/extroot.h - a stick in front of the overlay of plat/fake/overlay.h, on the same power
 * line.
 *
 * The internal overlay names the stick as long as it holds the owner's data, whole or in part: his
 * fstab. Stricter than hardware: deleting from a stick whose request for a reset is not there
 * aborts.
 */
#pragma once

#include "plat/extroot.h"
#include "plat/fake/overlay.h"

struct lb_fake_stick_disk {
	enum lb_fs_state state;
	bool owners_data;
	bool in_part; /* some of it has been deleted already */
};

struct lb_fake_stick {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	struct lb_fake_overlay *internal;
	struct lb_fake_stick_disk disk, whole; /* now, and if the call under way is done */
	bool read_only;			       /* to be set by the test */
	bool attached;
};

/* Lives on `power`, which must outlive it. */
void lb_fake_stick_init(struct lb_fake_stick *s, struct lb_fake_power *power,
			struct lb_fake_overlay *internal);
struct plat_extroot lb_fake_stick_plat(struct lb_fake_stick *s);
