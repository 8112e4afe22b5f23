/* plat/linux/storage/takeover.h - make the PID 1 of a running system execute LB_RAM_PROGRAM. Where
 * each init documents it: docs/upgrade.md. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "tables/limits.h"
#include "tables/tables.h"

struct lb_takeover {
	enum lb_takeover_way way; /* LB_TAKEOVER_AUTO: lb_takeover_check() finds out */
	/* Arguments of LB_RAM_PROGRAM with which busybox starts a helper that calls
	 * lb_takeover_go(). */
	const char *helper;
	const char *image;	/* procd wants to see it */
	const char *board_file; /* "/etc/...": systemd leaves us without the root that has it */
};

/* Can this system's PID 1 be told at all? 0 with the way known, or LB_E(UNSUP|RANGE) and one
 * sentence. */
MUST_CHECK int lb_takeover_check(struct lb_takeover *t, char why[LB_SENTENCE_MAX]);

/* Does this way need lb_ram_root_make() to leave everything in /run itself? */
bool lb_takeover_is_flat(const struct lb_takeover *t);

/* Tell it, after lb_takeover_check(). Does not return when it works: all processes end. LB_E(...):
 * PID 1 does not react, everything is as it was. */
MUST_CHECK int lb_takeover_run(const struct lb_takeover *t, char why[LB_SENTENCE_MAX]);

/* PID 1, before anything else. `name`: the one that it was started by. Was it started by a
 * hand-over? Then it has left what procd or systemd locked it into. */
bool lb_takeover_arrive(const char *name);

/* In busybox's helper: the new inittab was read. Ends with everybody else. */
_Noreturn void lb_takeover_go(void);
