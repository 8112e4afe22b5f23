/* When a boot has lasted, and when a new system has proved itself: traces of the guard. */
#include "tests/t.h"

#include "plan/health.h"

#define BEGAN 8000
static const struct lb_guard_rules rules = {.stable_ms = 30000, .health_ms = 60000};
static const struct lb_guard_rules with_confirm = {
	.stable_ms = 30000, .health_ms = 60000, .confirm_ms = 600000};

/* Healthy from here on; 0 = never. `confirmed_ms`: the owner marks the slot as good then. */
struct life {
	bool trying, unproved;
	uint64_t healthy_ms, sick_ms, confirmed_ms;
};

struct story {
	enum lb_guard_deed deeds[8];
	uint64_t at_ms[8];
	unsigned count, waits;
};

static struct story play(const struct lb_guard_rules *r, const struct life *life)
{
	struct lb_guard g = {.began_ms = BEGAN};
	struct lb_guard_sense s = {.now_ms = BEGAN};
	struct story story = {0};
	struct lb_guard_step step;

	do {
		s.trying = life->trying && !(life->confirmed_ms && s.now_ms >= life->confirmed_ms);
		s.unproved = life->unproved;
		s.healthy = life->healthy_ms && s.now_ms >= life->healthy_ms &&
			    !(life->sick_ms && s.now_ms >= life->sick_ms);
		step = lb_guard_next(&g, r, &s);
		if (step.deed == LB_GUARD_WAIT) {
			assert_true(step.wake_ms > s.now_ms);
			s.now_ms = step.wake_ms;
			story.waits++;
			continue;
		}
		assert_in_range(story.count, 0, 7);
		story.deeds[story.count] = step.deed;
		story.at_ms[story.count++] = s.now_ms;
	} while (step.deed != LB_GUARD_END && step.deed != LB_GUARD_LEAVE &&
		 step.deed != LB_GUARD_REVERT && step.deed != LB_GUARD_PROVED);
	return story;
}

static void assert_deeds(const struct story *s, const char *wanted)
{
	static const char letters[] = {
		[LB_GUARD_SETTLE] = 'S', [LB_GUARD_PROVED] = 'P', [LB_GUARD_ASK] = 'A',
		[LB_GUARD_LEAVE] = 'L',	 [LB_GUARD_REVERT] = 'R', [LB_GUARD_END] = 'E'};
	char seen[9] = "";

	for (unsigned i = 0; i < s->count; i++)
		seen[i] = letters[s->deeds[i]];
	assert_string_equal(seen, wanted);
}

static void guard__good_slot__settles_once_when_the_boot_has_lasted(void **unused)
{
	const struct life life = {0};
	const struct story s = play(&rules, &life);

	assert_deeds(&s, "SE");
	assert_int_equal(s.at_ms[0], rules.stable_ms);
	assert_int_equal(s.waits, 1);
}

static void guard__healthy_new_system__is_proved_with_one_write_and_not_before_it_lasted(
	void **unused)
{
	const struct life early = {.trying = true, .healthy_ms = BEGAN + 1};
	const struct life late = {.trying = true, .healthy_ms = 45000};
	struct story s = play(&rules, &early);

	assert_deeds(&s, "P");
	assert_in_range(s.at_ms[0], rules.stable_ms, rules.stable_ms + 500);
	s = play(&rules, &late);
	assert_deeds(&s, "SP");
	assert_in_range(s.at_ms[1], 45000, 45500);
}

static void guard__healthy_for_a_moment_at_its_start__is_not_proved_by_that(void **unused)
{
	const struct life life = {.trying = true, .healthy_ms = BEGAN + 1, .sick_ms = 29000};
	const struct story s = play(&rules, &life);

	assert_deeds(&s, "SL");
}

static void guard__never_healthy__leaves_when_the_time_is_over(void **unused)
{
	const struct life life = {.trying = true};
	const struct story s = play(&rules, &life);

	assert_deeds(&s, "SL");
	assert_in_range(s.at_ms[1], BEGAN + rules.health_ms, BEGAN + rules.health_ms + 500);
}

static void guard__nobody_confirms__reverts_at_the_time_and_asks_once(void **unused)
{
	const struct life life = {.trying = true, .healthy_ms = BEGAN + 1, .sick_ms = 40000};
	const struct story s = play(&with_confirm, &life);

	assert_deeds(&s, "ASR");
	assert_in_range(s.at_ms[2], BEGAN + with_confirm.confirm_ms,
			BEGAN + with_confirm.confirm_ms + 500);
}

static void guard__owner_confirms__stays(void **unused)
{
	const struct life life = {.trying = true, .healthy_ms = BEGAN + 1, .confirmed_ms = 300000};
	const struct life at_once = {
		.trying = true, .healthy_ms = BEGAN + 1, .confirmed_ms = 10000};
	struct story s = play(&with_confirm, &life);

	assert_deeds(&s, "ASE");
	s = play(&with_confirm, &at_once);
	assert_deeds(&s, "SE");
}

static void guard__unhealthy_with_confirmation__leaves_without_waiting_for_it(void **unused)
{
	const struct life life = {.trying = true};
	const struct story s = play(&with_confirm, &life);

	assert_deeds(&s, "SL");
}

static void guard__last_resort__may_prove_itself_but_is_never_left(void **unused)
{
	const struct life well = {.unproved = true, .healthy_ms = BEGAN + 1};
	const struct life ill = {.unproved = true};
	struct story s = play(&with_confirm, &well);

	assert_deeds(&s, "P");
	s = play(&with_confirm, &ill);
	assert_deeds(&s, "SE");
}

TESTS(unit(guard__good_slot__settles_once_when_the_boot_has_lasted),
      unit(guard__healthy_new_system__is_proved_with_one_write_and_not_before_it_lasted),
      unit(guard__healthy_for_a_moment_at_its_start__is_not_proved_by_that),
      unit(guard__never_healthy__leaves_when_the_time_is_over),
      unit(guard__nobody_confirms__reverts_at_the_time_and_asks_once),
      unit(guard__owner_confirms__stays),
      unit(guard__unhealthy_with_confirmation__leaves_without_waiting_for_it),
      unit(guard__last_resort__may_prove_itself_but_is_never_left))
