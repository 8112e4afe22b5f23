#include "plat/fake/power.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEDS	     8	  /* random orders per operation; more found nothing more in the record */
#define DEAD_OPS_MAX 1000 /* code that still goes on by then would go on for ever */

void lb_fake_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
	abort();
}

uint64_t lb_fake_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u; /* splitmix64: any seed will do, even 0 */

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

void lb_fake_power_add(struct lb_fake_power *p, struct lb_fake_load *load)
{
	load->next = p->loads;
	p->loads = load;
}

enum lb_fake_outcome lb_fake_power_op(struct lb_fake_power *p)
{
	if (p->off) {
		if (++p->dead_ops > DEAD_OPS_MAX)
			lb_fake_die("the code does not stop although every operation fails");
		return LB_FAKE_DEAD;
	}
	p->ops++;
	if (p->ops != p->fault_at)
		return LB_FAKE_OK;
	p->fault_came = true;
	return p->fault_cuts ? LB_FAKE_CUT : LB_FAKE_FAIL;
}

void lb_fake_power_go_off(struct lb_fake_power *p)
{
	p->off = true;
	p->at_stake = 0;
	p->under_way = 0;
	for (struct lb_fake_load *load = p->loads; load; load = load->next) {
		p->at_stake += load->at_stake;
		p->under_way += load->under_way;
		load->cut(load->ctx, &p->fate);
		load->at_stake = 0;
		load->under_way = 0;
	}
}

void lb_fake_power_on(struct lb_fake_power *p)
{
	p->off = false;
	p->dead_ops = 0;
	p->ops = 0;
	p->fault_at = 0;
	p->fault_came = false;
}

/* Plays the scenario once; true when its fault came. */
static bool play(struct lb_fake_power *p, const struct lb_fake_scenario *s, uint64_t at, bool cuts)
{
	lb_fake_power_on(p);
	s->setup(s->ctx);
	if (p->ops > 0)
		lb_fake_die("setup() did %" PRIu64 " operations", p->ops);
	p->fault_at = at;
	p->fault_cuts = cuts;
	s->run(s->ctx);
	return p->fault_came;
}

static bool cut_once(struct lb_fake_power *p, const struct lb_fake_scenario *s, uint64_t at,
		     struct lb_fake_fate fate)
{
	static const char *const names[] = {
		[LB_FAKE_KEPT] = "kept",	   [LB_FAKE_LOST] = "lost",
		[LB_FAKE_TORN_HEAD] = "torn head", [LB_FAKE_TORN_TAIL] = "torn tail",
		[LB_FAKE_REORDERED] = "reordered", [LB_FAKE_SCRAMBLED] = "scrambled",
	};
	const char *wrong;
	bool reached;

	p->fate = fate;
	reached = play(p, s, at, true);
	if (!p->off)
		lb_fake_power_go_off(p);
	lb_fake_power_on(p);
	wrong = s->check(s->ctx);
	if (wrong)
		lb_fake_die("power cut at operation %" PRIu64 " (%s %" PRIu64 "): %s", at,
			    names[fate.policy], fate.arg, wrong);
	return reached;
}

static uint64_t cut_each(struct lb_fake_power *p, const struct lb_fake_scenario *s, uint64_t at,
			 enum lb_fake_policy policy, uint64_t count)
{
	for (uint64_t arg = 0; arg < count; arg++)
		(void)cut_once(p, s, at, (struct lb_fake_fate){.policy = policy, .arg = arg});
	return count;
}

uint64_t lb_fake_power_cuts(struct lb_fake_power *p, const struct lb_fake_scenario *s)
{
	uint64_t count = 0;
	bool reached = true;

	for (uint64_t at = 1; reached; at++) {
		reached = cut_once(p, s, at, (struct lb_fake_fate){.policy = LB_FAKE_KEPT});
		count++;
		if (p->at_stake == 0)
			continue;
		/* These differ in what reaches the medium, not in the course up to the cut. */
		const uint64_t under_way = p->under_way;

		count += cut_each(p, s, at, LB_FAKE_LOST, 1);
		count += cut_each(p, s, at, LB_FAKE_TORN_HEAD, under_way);
		count += cut_each(p, s, at, LB_FAKE_TORN_TAIL, under_way);
		count += cut_each(p, s, at, LB_FAKE_REORDERED, SEEDS);
		count += cut_each(p, s, at, LB_FAKE_SCRAMBLED, SEEDS);
	}
	return count;
}

uint64_t lb_fake_power_cuts_again(struct lb_fake_power *p, const struct lb_fake_again *a)
{
	static const enum lb_fake_policy policies[] = {LB_FAKE_KEPT, LB_FAKE_REORDERED,
						       LB_FAKE_LOST};
	uint64_t cuts = 0;

	for (uint64_t at = 1;; at++) {
		p->fate = (struct lb_fake_fate){policies[at % 3], at};
		(void)play(p, a->first, at, true);
		if (!p->off)
			return cuts;
		a->keep(a->first->ctx);
		cuts += lb_fake_power_cuts(p, a->then);
	}
}

uint64_t lb_fake_power_fails(struct lb_fake_power *p, const struct lb_fake_scenario *s)
{
	uint64_t at = 1;

	for (; play(p, s, at, false); at++) {
		const char *wrong;

		p->fault_at = 0;
		wrong = s->check(s->ctx);
		if (wrong)
			lb_fake_die("failure of operation %" PRIu64 ": %s", at, wrong);
	}
	return at - 1;
}

enum lb_fake_left lb_fake_what_is_left(const struct lb_fake_fate *fate, uint64_t *stage)
{
	uint64_t random = fate->arg;

	switch (fate->policy) {
	case LB_FAKE_KEPT:
		return LB_FAKE_ALL_LEFT;
	case LB_FAKE_LOST:
		return LB_FAKE_NONE_LEFT;
	case LB_FAKE_TORN_HEAD:
	case LB_FAKE_TORN_TAIL:
		*stage = fate->arg;
		return LB_FAKE_HALF_LEFT;
	case LB_FAKE_REORDERED:
	case LB_FAKE_SCRAMBLED:
		*stage = lb_fake_random(&random);
		return LB_FAKE_HALF_LEFT;
	}
	return LB_FAKE_NONE_LEFT;
}
