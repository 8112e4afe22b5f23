/* The overlay of an installed system is made new, with settings, and the power is cut, or an
 * operation fails, at each step. A system is booted only when staging has said that all is well;
 * then its settings are there. Whatever a cut leaves, doing all of it again mends. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/stage.h"
#include "store/stage.h"

static struct lb_fake_power power;
static struct lb_fake_stage fake;
static struct plat_stage p;
static bool settings;
static int result;

static void setup(void *ctx)
{
	power = (struct lb_fake_power){0};
	lb_fake_stage_init(&fake, &power);
	p = lb_fake_stage_plat(&fake);
	result = LB_E(STATE);
}

static void run(void *ctx)
{
	enum lb_stage_step failed;

	result = lb_stage_run(&p, settings, &failed);
}

static const char *check_done(void)
{
	const struct lb_fake_place *now = &fake.now;

	if (!settings)
		return now->area == LB_FAKE_AREA_MARKED && !now->named
			       ? NULL
			       : "an old overlay may come back";
	if (now->area != LB_FAKE_AREA_NEW || !now->named || !now->whole || now->half)
		return "it says that the settings are there, and they are not";
	return now->pending ? NULL : "the first boot would not restore the settings";
}

static const char *check_left(void)
{
	if (fake.now.named && (!fake.now.whole || fake.now.area != LB_FAKE_AREA_NEW))
		return "half an archive has the name of a whole one";
	return NULL;
}

static const char *check_cut(void *ctx)
{
	const char *wrong = result == 0 ? check_done() : check_left();

	if (wrong)
		return wrong;
	run(NULL);
	return result == 0 ? check_done() : "a second attempt fails";
}

static const char *check_failure(void *ctx)
{
	if (result == 0)
		return "a failure was not told";
	if (fake.now.area != LB_FAKE_AREA_OLD && fake.now.area != LB_FAKE_AREA_MARKED)
		return "a new overlay without its settings is left";
	return fake.mounted ? "it is left mounted" : NULL;
}

static void stage__cut_at_every_step__is_whole_or_not_booted(void **state)
{
	const struct lb_fake_scenario s = {.setup = setup, .run = run, .check = check_cut};
	uint64_t with, without;

	settings = true;
	with = lb_fake_power_cuts(&power, &s);
	settings = false;
	without = lb_fake_power_cuts(&power, &s);
	print_message("%" PRIu64 " cuts with settings, %" PRIu64 " without\n", with, without);
	assert_true(with > 50 && without > 3);
}

static void stage__every_step_fails_once__no_overlay_is_left(void **state)
{
	const struct lb_fake_scenario s = {.setup = setup, .run = run, .check = check_failure};

	settings = true;
	assert_int_equal(lb_fake_power_fails(&power, &s), LB_STAGE_DONE);
}

static void stage__medium_gives_other_bytes__is_refused_and_cleared(void **state)
{
	enum lb_stage_step failed = LB_STAGE_DONE;

	setup(NULL);
	fake.bad_copy = true;
	assert_int_equal(lb_stage_run(&p, true, &failed), LB_E(CRC));
	assert_int_equal(failed, LB_STAGE_COMPARE);
	assert_int_equal(fake.now.area, LB_FAKE_AREA_MARKED);
}

TESTS(unit(stage__cut_at_every_step__is_whole_or_not_booted),
      unit(stage__every_step_fails_once__no_overlay_is_left),
      unit(stage__medium_gives_other_bytes__is_refused_and_cleared))
