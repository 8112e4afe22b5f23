/* plat/fake/ubi_spare.h - a second UBI volume beside one, in memory. A cut while it is made or
 * removed leaves it there or not; while both are exchanged, the one or the other under the name,
 * never both and never none. Aborts on what the kernel refuses: making it twice, exchanging what is
 * not there. */
#pragma once

#include "plat/fake/ubi.h"

struct lb_fake_ubi_spare_state {
	int named;  /* which of both has the name */
	bool other; /* is the one without the name there? */
};

enum lb_fake_ubi_deed {
	LB_FAKE_UBI_DROP,
	LB_FAKE_UBI_MAKE,
	LB_FAKE_UBI_EXCHANGE,
};

struct lb_fake_ubi_spare {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	struct lb_fake_ubi *volume[2]; /* of the same geometry */
	struct lb_fake_ubi_spare_state state;
	bool no_room;		     /* to be set by the test */
	unsigned drops;		     /* that removed something */
	enum lb_fake_ubi_deed doing; /* when the power goes */
};

/* volume[0] has the name, the other one is not there. `power` must outlive it. */
void lb_fake_ubi_spare_init(struct lb_fake_ubi_spare *s, struct lb_fake_power *power,
			    struct lb_fake_ubi *first, struct lb_fake_ubi *second);
struct plat_ubi_spare lb_fake_ubi_spare_plat(struct lb_fake_ubi_spare *s);

/* What a boot finds under the name. */
struct lb_fake_ubi *lb_fake_ubi_named(struct lb_fake_ubi_spare *s);
