/* plat/fake/power.h - the electricity of the fake platform: what goes wrong at operation N.
 *
 * Every fake device asks lb_fake_power_op() before each of its operations, so that one count runs
 * over all devices of a scenario. lb_fake_power_cuts() plays a scenario with the power cut at every
 * operation, times everything that storage may do to writes that were not flushed.
 *
 * Fakes are stricter than hardware: what real hardware would forgive aborts with a message.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum lb_fake_outcome {
	LB_FAKE_OK,
	LB_FAKE_FAIL, /* this operation fails, the next ones work */
	LB_FAKE_CUT,  /* the power goes during this operation: stage it, then go_off() */
	LB_FAKE_DEAD, /* it is gone already */
};

/* What becomes of the units (sectors, pages) that were written but not flushed. */
enum lb_fake_policy {
	LB_FAKE_KEPT,	   /* all of them reach the medium */
	LB_FAKE_LOST,	   /* none does */
	LB_FAKE_TORN_HEAD, /* earlier writes do; of the write under way only the first `arg` units
			    */
	LB_FAKE_TORN_TAIL, /* only the write under way does, without its first `arg` units */
	LB_FAKE_REORDERED, /* each by itself does or does not, drawn with seed `arg` */
	LB_FAKE_SCRAMBLED, /* the same, and the last one that does holds noise */
};

struct lb_fake_fate {
	enum lb_fake_policy policy;
	uint64_t arg;
};

/* One device on the power line; the device owns it. cut() decides what the medium holds
 * afterwards. */
struct lb_fake_load {
	void *ctx;
	void (*cut)(void *ctx, const struct lb_fake_fate *fate);
	struct lb_fake_load *next;
	/* Set by the device before go_off(): units not flushed, and how many of those belong to the
	 * write that the cut hits. */
	uint64_t at_stake, under_way;
};

struct lb_fake_power {
	struct lb_fake_load *loads;
	uint64_t ops;	   /* operations so far */
	uint64_t fault_at; /* the number, from 1, of the operation that goes wrong; 0 = none */
	bool fault_cuts;   /* it cuts the power; else it fails */
	struct lb_fake_fate fate;
	bool fault_came;
	bool off;
	uint64_t dead_ops;	      /* operations tried since the power went */
	uint64_t at_stake, under_way; /* sums over all loads at the last cut */
};

void lb_fake_power_add(struct lb_fake_power *p, struct lb_fake_load *load);
enum lb_fake_outcome lb_fake_power_op(struct lb_fake_power *p);
void lb_fake_power_go_off(struct lb_fake_power *p);

/* Power is back: operations work, the count starts at 0, no fault is set. */
void lb_fake_power_on(struct lb_fake_power *p);

struct lb_fake_scenario {
	void *ctx;
	void (*setup)(void *ctx); /* the same world each time, without any operation */
	void (*run)(void *ctx);	  /* the code under test */
	/* Look at what is left, with the power on again. NULL when that is allowed, or else what is
	 * wrong with it: then lb_fake_power_cuts() says at which cut, and aborts. */
	const char *(*check)(void *ctx);
};

/* Cut the power at each operation of run() and after the last one, with every fate. Returns how
 * many times the power was cut. */
uint64_t lb_fake_power_cuts(struct lb_fake_power *p, const struct lb_fake_scenario *s);

struct lb_fake_again {
	const struct lb_fake_scenario *first; /* its setup() and run() */
	/* Called when that was cut: what is stored now is where the setup() of `then` starts. */
	void (*keep)(void *ctx);
	const struct lb_fake_scenario *then;
};

/* Cut the power at each operation of the first run, and what that leaves again at each operation
 * of the one after it. The first cut has the fates kept, reordered and lost in turn. Returns how
 * many times the second run was cut. */
uint64_t lb_fake_power_cuts_again(struct lb_fake_power *p, const struct lb_fake_again *a);

/* Let each operation of run() fail once, the power staying on. Returns how many did. */
uint64_t lb_fake_power_fails(struct lb_fake_power *p, const struct lb_fake_scenario *s);

/* For a device whose operations come about in stages instead of units: what the fate leaves of the
 * one under way. For LB_FAKE_HALF_LEFT `stage` is how far it came, any number. */
enum lb_fake_left {
	LB_FAKE_NONE_LEFT,
	LB_FAKE_HALF_LEFT,
	LB_FAKE_ALL_LEFT,
};

enum lb_fake_left lb_fake_what_is_left(const struct lb_fake_fate *fate, uint64_t *stage);

/* The next number of a sequence that depends on the seed alone. */
uint64_t lb_fake_random(uint64_t *state);

_Noreturn void lb_fake_die(const char *fmt, ...) PRINTF_LIKE(1, 2);
