/* store/slots_env.h - what is known of the slots, in the environment of a boot loader. */
#pragma once

#include "plan/bootenv.h"
#include "plat/bootenv.h"

struct lb_slots_env {
	struct plat_bootenv env;
	enum lb_bootenv_scheme scheme;
	struct lb_slots_rules rules; /* the board's */
	int entered; /* the slot of this boot; -1: the active one, before the system runs */
};

/* Read it. 0 or LB_E(...). */
MUST_CHECK int lb_slots_env_load(const struct lb_slots_env *e, struct lb_slots_state *out);

/* Read it, let edit() change it, and write what has changed, all in one; nothing is written if
 * edit() changed nothing that the environment knows. `out` is what edit() left. */
MUST_CHECK int lb_slots_env_change(const struct lb_slots_env *e,
				   void (*edit)(struct lb_slots_state *s, void *arg), void *arg,
				   struct lb_slots_state *out);

/* The running system proved itself: the loader's counters are set back, whichever there are. */
MUST_CHECK int lb_slots_env_good(const struct plat_bootenv *env);
