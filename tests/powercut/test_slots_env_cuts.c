/* What is known of the slots, in the environment of a boot loader that counts for itself: the power
 * cut whenever it is written, at each step of an update. What the loader reads afterwards is what
 * was there before or what was to be, and it always has a slot to boot. */
#include "tests/t.h"

#include <stdio.h>

#include "plat/fake/bootenv.h"
#include "store/slots_env.h"

#define TRIES 3

static struct lb_fake_power power;
static struct lb_fake_bootenv env;
static struct lb_slots_env slots;
static struct lb_fake_bootenv_copy kept;
static struct lb_slots_state done; /* the state after the last change that said it worked */
static struct lb_slots_state want; /* and after the one under way */
static void (*const *steps)(struct lb_slots_state *s, void *arg);
static char wrong[160];

static void write_b(struct lb_slots_state *s, void *arg)
{
	assert_int_equal(lb_slots_begin_write_in(s, 1), 0);
}

static void try_b(struct lb_slots_state *s, void *arg)
{
	lb_slots_begin_try_in(s, 1, TRIES);
}

static void good_b(struct lb_slots_state *s, void *arg)
{
	assert_int_equal(lb_slots_mark_good_in(s, 1), 0);
}

static void good_a(struct lb_slots_state *s, void *arg)
{
	assert_int_equal(lb_slots_mark_good_in(s, 0), 0);
}

static void bad_b(struct lb_slots_state *s, void *arg)
{
	assert_int_equal(lb_slots_mark_bad_in(s, 1, LB_SLOT_WHY_HEALTH, false), 0);
}

static void same(struct lb_slots_state *s, void *arg)
{
}

static void follow(struct lb_slots_state *s, void *arg)
{
	(void)lb_slots_follow(s, s->active);
}

static void begin(void)
{
	power = (struct lb_fake_power){0};
	lb_fake_bootenv_init(&env, &power);
	slots = (struct lb_slots_env){.env = lb_fake_bootenv_plat(&env),
				      .scheme = LB_BOOTENV_LIFEBOAT,
				      .rules = {.tries = TRIES},
				      .entered = -1};
	lb_fake_bootenv_poke(&env, "slot", "a");
	lb_fake_bootenv_poke(&env, "owners", "own variable");
	kept = env.stored;
}

static void put_back(void *ctx)
{
	env.stored = env.seen = kept;
	env.dirty = false;
	assert_int_equal(lb_slots_env_load(&slots, &done), 0);
}

static int change(void (*edit)(struct lb_slots_state *s, void *arg))
{
	struct lb_slots_state s;
	int rc;

	want = done;
	edit(&want, NULL);
	want.entered = want.active; /* of a boot that follows the loader */
	want.reason = (uint8_t)lb_slots_follow(&want, want.active).reason;
	rc = lb_slots_env_change(&slots, edit, NULL, &s);
	if (rc == 0)
		done = want;
	return rc;
}

static void update(void *ctx)
{
	for (size_t i = 0; steps[i]; i++)
		if (change(steps[i]) < 0)
			return;
}

static const char *look(void *ctx)
{
	struct lb_slots_state found;
	int rc;

	rc = lb_slots_env_load(&slots, &found);
	if (rc < 0)
		return "it cannot be read";
	if (memcmp(&found, &done, sizeof(found)) != 0 &&
	    memcmp(&found, &want, sizeof(found)) != 0) {
		(void)snprintf(wrong, sizeof(wrong),
			       "neither before nor after: active %u, states %u %u", found.active,
			       found.slot[0].state, found.slot[1].state);
		return wrong;
	}
	if (!lb_slots_is_bootable(&found, found.active))
		return "the loader is sent to a slot that cannot be booted";
	if (!lb_fake_bootenv_peek(&env, "owners"))
		return "a variable of the owner is gone";
	return NULL;
}

static void cut_everywhere(void (*const *what)(struct lb_slots_state *s, void *arg), unsigned least)
{
	const struct lb_fake_scenario s = {.setup = put_back, .run = update, .check = look};

	steps = what;
	begin();
	assert_true(lb_fake_power_cuts(&power, &s) >= least);
	assert_true(lb_fake_power_fails(&power, &s) >= least / 4);
}

static void update__that_proves_itself__cut_everywhere(void **unused)
{
	static void (*const what[])(struct lb_slots_state *, void *) = {write_b, try_b, follow,
									good_b, NULL};

	cut_everywhere(what, 4);
}

static void update__that_fails_its_health_check__cut_everywhere(void **unused)
{
	static void (*const what[])(struct lb_slots_state *, void *) = {good_a, write_b, try_b,
									bad_b, NULL};

	cut_everywhere(what, 4);
}

static void change__that_the_environment_does_not_know__is_not_written(void **unused)
{
	begin();
	put_back(NULL);
	assert_int_equal(change(same), 0);
	assert_int_equal(change(follow), 0);
	assert_int_equal(env.commits, 0);
	assert_null(lb_fake_bootenv_peek(&env, "slot_a_state"));
	assert_int_equal(change(good_a), 0);
	assert_int_equal(env.commits, 1);
	assert_int_equal(change(good_a), 0);
	assert_int_equal(env.commits, 1);
}

static void settle(struct lb_slots_state *s, void *arg)
{
	lb_slots_settle(s);
}

static void toggle__loader_that_does_not_know__is_told_once_and_set_back(void **unused)
{
	static void (*const what[])(struct lb_slots_state *, void *) = {settle, NULL};

	begin();
	put_back(NULL);
	slots.rules.toggle = 3;
	assert_int_equal(change(follow), 0);
	assert_string_equal(lb_fake_bootenv_peek(&env, "toggle"), "3");
	assert_int_equal(env.commits, 1);
	assert_int_equal(change(settle), 0);
	assert_int_equal(env.commits, 1);
	lb_fake_bootenv_poke(&env, "toggle_count", "2");
	assert_int_equal(change(follow), 0);
	assert_int_equal(env.commits, 1);
	assert_int_equal(change(settle), 0);
	assert_int_equal(env.commits, 2);
	assert_string_equal(lb_fake_bootenv_peek(&env, "toggle_count"), "0");

	begin();
	slots.rules.toggle = 3;
	lb_fake_bootenv_poke(&env, "toggle_count", "2");
	kept = env.stored;
	const struct lb_fake_scenario s = {.setup = put_back, .run = update, .check = look};
	steps = what;
	assert_true(lb_fake_power_cuts(&power, &s) >= 1);
}

/* The loader has counted the boot before the system sees it. */
static void boots__of_a_new_system__counted_by_the_loader_alone(void **unused)
{
	begin();
	put_back(NULL);
	assert_int_equal(change(try_b), 0);
	assert_string_equal(lb_fake_bootenv_peek(&env, "upgrade_available"), "1");
	lb_fake_bootenv_poke(&env, "bootcount", "2");
	assert_int_equal(lb_slots_env_load(&slots, &done), 0);
	assert_int_equal(done.slot[1].tries, 1);
	const unsigned before = env.commits;
	assert_int_equal(change(follow), 0);
	assert_int_equal(env.commits, before);
	assert_string_equal(lb_fake_bootenv_peek(&env, "bootcount"), "2");
	assert_int_equal(change(good_b), 0);
	assert_string_equal(lb_fake_bootenv_peek(&env, "bootcount"), "0");
	assert_string_equal(lb_fake_bootenv_peek(&env, "upgrade_available"), "0");
	assert_string_equal(lb_fake_bootenv_peek(&env, "slot"), "b");
}

static void good__counters_of_other_loaders__set_back_once(void **unused)
{
	begin();
	lb_fake_bootenv_poke(&env, "owrt_bootcount", "2");
	lb_fake_bootenv_poke(&env, "flag_boot_success", "0");
	assert_int_equal(lb_slots_env_good(&slots.env), 0);
	assert_string_equal(lb_fake_bootenv_peek(&env, "owrt_bootcount"), "0");
	assert_string_equal(lb_fake_bootenv_peek(&env, "flag_boot_success"), "1");
	assert_null(lb_fake_bootenv_peek(&env, "boot_count"));
	assert_int_equal(env.commits, 1);
	assert_int_equal(lb_slots_env_good(&slots.env), 0);
	assert_int_equal(env.commits, 1);
}

static void change__value_that_is_longer_than_any_of_ours__is_replaced(void **unused)
{
	begin();
	lb_fake_bootenv_poke(&env, "slot_b_state",
			     "a text that somebody else has put there for himself");
	put_back(NULL);
	kept = env.stored;
	assert_int_equal(change(try_b), 0);
	assert_string_equal(lb_fake_bootenv_peek(&env, "slot_b_state"), "trying");
}

TESTS(cmocka_unit_test(update__that_proves_itself__cut_everywhere),
      cmocka_unit_test(update__that_fails_its_health_check__cut_everywhere),
      cmocka_unit_test(change__that_the_environment_does_not_know__is_not_written),
      cmocka_unit_test(toggle__loader_that_does_not_know__is_told_once_and_set_back),
      cmocka_unit_test(boots__of_a_new_system__counted_by_the_loader_alone),
      cmocka_unit_test(good__counters_of_other_loaders__set_back_once),
      cmocka_unit_test(change__value_that_is_longer_than_any_of_ours__is_replaced))
