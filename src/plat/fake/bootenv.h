/* plat/fake/bootenv.h - the environment of a boot loader in memory, stricter than a real one.
 *
 * Two copies as on flash: commit() writes the one that is not in use, in two stages, and a cut in
 * its middle leaves that one damaged. Aborts: a commit of nothing that was set.
 */
#pragma once

#include <stdbool.h>

#include "plat/bootenv.h"
#include "plat/fake/power.h"
#include "tables/limits.h"

#define LB_FAKE_BOOTENV_VARS_MAX 24

struct lb_fake_bootenv_copy {
	size_t count;
	struct {
		char name[LB_BOOTENV_NAME_MAX], value[64];
	} var[LB_FAKE_BOOTENV_VARS_MAX];
};

struct lb_fake_bootenv {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	struct lb_fake_bootenv_copy stored; /* what the loader reads at the next power-on */
	struct lb_fake_bootenv_copy seen;   /* what set() has left in memory */
	bool dirty;
	unsigned commits; /* that were begun */
};

void lb_fake_bootenv_init(struct lb_fake_bootenv *e, struct lb_fake_power *power);
struct plat_bootenv lb_fake_bootenv_plat(struct lb_fake_bootenv *e);

/* What the loader does before the system starts: without an operation. NULL: not there. */
const char *lb_fake_bootenv_peek(const struct lb_fake_bootenv *e, const char *name);
void lb_fake_bootenv_poke(struct lb_fake_bootenv *e, const char *name, const char *value);
