/* A card gets a new system, and the power is cut, or an operation fails, at each step. There is an
 * "@" only when it is whole, the old one or the new one, and with the new one its "@factory". Where
 * there is none the next boot knows, and mends it. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/card.h"
#include "store/card.h"

static struct lb_fake_power power;
static struct lb_fake_card fake;
static struct plat_card p;
static int result;

static void setup(void *ctx)
{
	power = (struct lb_fake_power){0};
	lb_fake_card_init(&fake, &power);
	p = lb_fake_card_plat(&fake);
	result = LB_E(STATE);
}

static void setup_blank(void *ctx)
{
	setup(ctx);
	lb_fake_card_blank(&fake);
	p = lb_fake_card_plat(&fake);
}

/* A table that is there already is not made again. */
static void run(void *ctx)
{
	enum lb_card_step failed;

	p = lb_fake_card_plat(&fake);
	result = lb_card_run(&p, &failed);
}

/* What the boot gate does when it is told to. */
static void boot(void *ctx)
{
	result = LB_E(STATE);
	if (fake.noted && lb_card_settle(&p) == 0)
		run(ctx);
}

/* It has nothing to do it with: no stick, or no network. */
static void boot_without_medkit(void *ctx)
{
	result = LB_E(STATE);
	if (fake.noted)
		(void)!lb_card_settle(&p);
}

static const char *look(void)
{
	const char *root = lb_fake_card_root(&fake);
	const struct lb_fake_subvolume *factory;

	if (fake.holds == LB_FAKE_CARD_BLANK)
		return result == 0 ? "it says that all is well, and the card is blank" : NULL;
	if (!root && !fake.noted)
		return "there is no system, and no boot goes on by itself";
	if (result == 0 && fake.noted)
		return "each boot does all of it again";
	if (!root)
		return result == 0 ? "it says that all is well, and there is no system" : NULL;
	if (strcmp(root, "old") == 0)
		return result == 0 ? "it says that all is well, and the old system is there" : NULL;
	if (strcmp(root, LB_FAKE_FILLED) != 0)
		return "half a system can be booted";
	factory = lb_fake_top_find(&fake.fs.stored, "@factory");
	if (!factory || strcmp(factory->content, LB_FAKE_FILLED) != 0)
		return "a factory reset would not find this system";
	return lb_fake_top_file(&fake.fs.stored, "boot.scr") ? NULL : "U-Boot finds no boot script";
}

static const char *check_cut(void *ctx)
{
	const char *wrong = look();

	if (wrong)
		return wrong;
	lb_fake_snapshots_reboot(&fake.fs);
	boot(NULL);
	wrong = look();
	if (wrong)
		return wrong;
	if (fake.holds == LB_FAKE_CARD_BLANK && !fake.noted)
		return NULL; /* nothing was begun */
	return lb_fake_card_root(&fake) ? NULL : "a boot does not mend it";
}

static const char *check_failure(void *ctx)
{
	if (result == 0)
		return "a failure was not told";
	return check_cut(ctx);
}

static void card__cut_at_every_step__old_or_none_or_new_and_again_mends(void **state)
{
	const struct lb_fake_scenario s = {.setup = setup, .run = run, .check = check_cut};
	uint64_t cuts = lb_fake_power_cuts(&power, &s);

	print_message("%" PRIu64 " power cuts\n", cuts);
	assert_true(cuts > 30);
}

static void blank_card__cut_at_every_step__untouched_or_none_or_new_and_again_mends(void **state)
{
	const struct lb_fake_scenario s = {.setup = setup_blank, .run = run, .check = check_cut};

	assert_true(lb_fake_power_cuts(&power, &s) > 30);
}

static struct plat_card without_place;
static bool has_place;

static int note_in_its_place(void *ctx, bool begun)
{
	return has_place ? without_place.note(ctx, begun) : 0;
}

static int table_with_a_place(void *ctx)
{
	has_place = true;
	return without_place.table(ctx);
}

static int wipe_when_noted(void *ctx)
{
	assert_true(fake.noted);
	return without_place.wipe(ctx);
}

/* A whole card of somebody else's: where the record will be there is something of his. */
static void blank_card__that_has_no_place_for_the_note__is_noted_before_it_is_wiped(void **state)
{
	enum lb_card_step failed;

	setup_blank(NULL);
	without_place = p;
	p.note = note_in_its_place;
	p.table = table_with_a_place;
	p.wipe = wipe_when_noted;
	assert_int_equal(lb_card_run(&p, &failed), 0);
	assert_true(has_place);
}

static struct lb_fake_card kept;

static void keep(void *ctx)
{
	lb_fake_snapshots_reboot(&fake.fs);
	kept = fake;
}

static void setup_kept(void *ctx)
{
	power = (struct lb_fake_power){0};
	lb_fake_card_init(&fake, &power);
	fake.holds = kept.holds;
	fake.noted = kept.noted;
	fake.fs.seen = kept.fs.seen;
	fake.fs.stored = kept.fs.stored;
	p = lb_fake_card_plat(&fake);
	result = LB_E(STATE);
}

static void card__cut_and_cut_again_in_the_next_boot__the_one_after_mends(void **state)
{
	const struct lb_fake_scenario first = {.setup = setup, .run = run, .check = check_cut};
	const struct lb_fake_scenario then = {.setup = setup_kept, .run = boot, .check = check_cut};
	const struct lb_fake_again again = {.first = &first, .keep = keep, .then = &then};
	uint64_t cuts = lb_fake_power_cuts_again(&power, &again);

	print_message("%" PRIu64 " second power cuts\n", cuts);
	assert_true(cuts > 300);
}

static void blank_card__cut_and_cut_again__the_next_boot_mends(void **state)
{
	const struct lb_fake_scenario first = {
		.setup = setup_blank, .run = run, .check = check_cut};
	const struct lb_fake_scenario then = {.setup = setup_kept, .run = boot, .check = check_cut};
	const struct lb_fake_again again = {.first = &first, .keep = keep, .then = &then};

	assert_true(lb_fake_power_cuts_again(&power, &again) > 300);
}

static void blank_card__each_step_fails__it_is_told_and_again_mends(void **state)
{
	const struct lb_fake_scenario s = {
		.setup = setup_blank, .run = run, .check = check_failure};

	assert_true(lb_fake_power_fails(&power, &s) > 8);
}

static const char *check_cut_without_medkit(void *ctx)
{
	const char *before = lb_fake_card_root(&fake), *wrong;

	lb_fake_snapshots_reboot(&fake.fs);
	boot_without_medkit(NULL);
	wrong = look();
	if (wrong)
		return wrong;
	if (lb_fake_card_root(&fake) != before)
		return "a boot without a medkit changes the card";
	if (before && fake.noted)
		return "a whole card is not left alone";
	return check_cut(ctx);
}

static void card__cut_and_a_boot_without_medkit__whole_stays_and_else_the_next_mends(void **state)
{
	const struct lb_fake_scenario s = {
		.setup = setup, .run = run, .check = check_cut_without_medkit};

	assert_true(lb_fake_power_cuts(&power, &s) > 30);
}

static void card__cut_and_cut_again_while_it_is_settled__the_one_after_mends(void **state)
{
	const struct lb_fake_scenario first = {
		.setup = setup, .run = run, .check = check_cut_without_medkit};
	const struct lb_fake_scenario then = {
		.setup = setup_kept, .run = boot_without_medkit, .check = check_cut_without_medkit};
	const struct lb_fake_again again = {.first = &first, .keep = keep, .then = &then};

	assert_true(lb_fake_power_cuts_again(&power, &again) > 0);
}

static void card__note_cannot_be_taken_back__is_told(void **state)
{
	setup(NULL);
	fake.noted = true;
	power.fault_at = 1;
	assert_int_equal(lb_card_settle(&p), LB_E(IO));
	assert_string_equal(lb_fake_card_root(&fake), "old");
}

static int in_use(void *ctx, struct plat_snapshots *out)
{
	return LB_E(BUSY);
}

static int unreadable(void *ctx, const char *path)
{
	return LB_E(IO);
}

static void card__cannot_be_looked_at__does_not_count_as_empty(void **state)
{
	struct plat_card bad;

	setup(NULL);
	fake.noted = true;
	bad = p;
	bad.open = in_use;
	assert_int_equal(lb_card_settle(&bad), LB_E(BUSY));
	bad = p;
	bad.present = unreadable;
	assert_int_equal(lb_card_settle(&bad), LB_E(IO));
	assert_true(fake.noted);
}

static void card__each_step_fails__it_is_told_and_again_mends(void **state)
{
	const struct lb_fake_scenario s = {.setup = setup, .run = run, .check = check_failure};

	assert_true(lb_fake_power_fails(&power, &s) > 8);
}

TESTS(unit(card__cut_at_every_step__old_or_none_or_new_and_again_mends),
      unit(card__cut_and_cut_again_in_the_next_boot__the_one_after_mends),
      unit(card__each_step_fails__it_is_told_and_again_mends),
      unit(blank_card__cut_at_every_step__untouched_or_none_or_new_and_again_mends),
      unit(blank_card__that_has_no_place_for_the_note__is_noted_before_it_is_wiped),
      unit(blank_card__cut_and_cut_again__the_next_boot_mends),
      unit(blank_card__each_step_fails__it_is_told_and_again_mends),
      unit(card__cut_and_a_boot_without_medkit__whole_stays_and_else_the_next_mends),
      unit(card__cut_and_cut_again_while_it_is_settled__the_one_after_mends),
      unit(card__note_cannot_be_taken_back__is_told),
      unit(card__cannot_be_looked_at__does_not_count_as_empty))
