#include "plan/health.h"

#define LOOK_EVERY_MS 500

static struct lb_guard_step wait_until(uint64_t wake_ms)
{
	return (struct lb_guard_step){.deed = LB_GUARD_WAIT, .wake_ms = wake_ms};
}

static struct lb_guard_step now(enum lb_guard_deed deed)
{
	return (struct lb_guard_step){.deed = deed};
}

static struct lb_guard_step confirm(struct lb_guard *g, const struct lb_guard_rules *rules,
				    const struct lb_guard_sense *s)
{
	if (s->now_ms - g->began_ms >= rules->confirm_ms)
		return now(LB_GUARD_REVERT);
	if (!g->asked) {
		g->asked = true;
		return now(LB_GUARD_ASK);
	}
	return wait_until(s->now_ms + LOOK_EVERY_MS);
}

/* A health check that was passed stays passed: somebody may pull the plug of the only port. */
static struct lb_guard_step prove(struct lb_guard *g, const struct lb_guard_rules *rules,
				  const struct lb_guard_sense *s)
{
	g->passed = g->passed || (s->healthy && s->now_ms >= rules->stable_ms);
	if (g->passed && rules->confirm_ms && !s->unproved)
		return confirm(g, rules, s);
	if (g->passed) {
		g->settled = true;
		return now(LB_GUARD_PROVED);
	}
	if (s->now_ms - g->began_ms < rules->health_ms)
		return wait_until(s->now_ms + LOOK_EVERY_MS);
	return now(s->unproved ? LB_GUARD_END : LB_GUARD_LEAVE);
}

struct lb_guard_step lb_guard_next(struct lb_guard *g, const struct lb_guard_rules *rules,
				   const struct lb_guard_sense *s)
{
	const bool lasted = s->now_ms >= rules->stable_ms;
	const bool must_prove = s->trying || s->unproved;
	struct lb_guard_step step = must_prove ? prove(g, rules, s) : now(LB_GUARD_END);

	if (step.deed != LB_GUARD_WAIT && step.deed != LB_GUARD_END)
		return step;
	/* One write for both, where the proof comes in the same moment. */
	if (lasted && !g->settled) {
		g->settled = true;
		return now(LB_GUARD_SETTLE);
	}
	return must_prove || lasted ? step : wait_until(rules->stable_ms);
}
