#include "tests/t.h"

#include "plan/bootenv.h"

#define TRIES 3

static const struct lb_slots_rules rules = {.tries = TRIES}, many = {.tries = 40, .toggle = 40};

static struct lb_bootenv_vars env;
static struct lb_slots_state state;

static void says(const char *name, const char *value)
{
	for (size_t i = 0; i < env.count; i++)
		if (strcmp(env.var[i].name, name) == 0) {
			(void)strcpy(env.var[i].value, value);
			return;
		}
	fail_msg("the scheme does not ask for %s", name);
}

static const char *value(const char *name)
{
	for (size_t i = 0; i < env.count; i++)
		if (strcmp(env.var[i].name, name) == 0)
			return env.var[i].value;
	return NULL;
}

static void decode(enum lb_bootenv_scheme scheme)
{
	memset(&state, 'x', sizeof(state));
	lb_bootenv_decode(&state, &env, scheme, TRIES);
}

static void decode__nothing_there__first_slot_and_both_as_delivered(void **unused)
{
	for (int scheme = 0; scheme < LB_BOOTENV_SCHEME_COUNT; scheme++) {
		lb_bootenv_ask(&env, (enum lb_bootenv_scheme)scheme);
		decode((enum lb_bootenv_scheme)scheme);
		assert_int_equal(state.active, 0);
		assert_int_equal(state.slot[0].state, LB_SLOT_NEW);
		assert_int_equal(state.slot[1].state, LB_SLOT_NEW);
		assert_int_equal(state.reason, LB_SLOT_REASON_ACTIVE);
	}
}

static void decode__counting__tries_are_what_the_loader_has_left(void **unused)
{
	static const struct {
		const char *count;
		unsigned tries;
	} rows[] = {{"1", 2}, {"2", 1}, {"3", 0}, {"4", 0},
		    {"", 3},  {"0", 3}, {"x", 0}, {"99999999999", 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
		says("slot", "b");
		says("slot_b_state", "trying");
		says("upgrade_available", "1");
		says("bootcount", rows[i].count);
		decode(LB_BOOTENV_LIFEBOAT);
		assert_int_equal(state.active, 1);
		assert_int_equal(state.slot[1].state, LB_SLOT_TRYING);
		assert_int_equal(state.slot[1].tries, rows[i].tries);
		assert_int_equal(state.reason, LB_SLOT_REASON_TRY);
	}
}

static void decode__upgrade_available_taken_back_by_others__good(void **unused)
{
	lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
	says("slot_a_state", "trying");
	says("upgrade_available", "0");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_int_equal(state.slot[0].state, LB_SLOT_GOOD);
}

static void decode__upgrade_available_set_by_others__is_tried(void **unused)
{
	lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
	says("slot_a_state", "good");
	says("upgrade_available", "1");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_int_equal(state.slot[0].state, LB_SLOT_TRYING);
	assert_int_equal(state.slot[0].tries, 3);
}

static void decode__loader_went_back__the_other_one_is_bad_and_that_is_the_reason(void **unused)
{
	lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
	says("slot", "a");
	says("slot_b_state", "bad:tries");
	says("upgrade_available", "0");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_int_equal(state.slot[1].state, LB_SLOT_BAD);
	assert_int_equal(state.slot[1].why, LB_SLOT_WHY_TRIES);
	assert_int_equal(state.reason, LB_SLOT_REASON_TRIES);
}

static void decode__unfinished_writing__is_never_a_slot_to_try(void **unused)
{
	lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
	says("slot_a_state", "writing");
	says("upgrade_available", "1");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_int_equal(state.slot[0].state, LB_SLOT_WRITING);
}

static void decode__word_of_a_later_version__is_not_booted(void **unused)
{
	lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
	says("slot_b_state", "resting");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_false(lb_slots_is_bootable(&state, 1));
	says("slot_b_state", "unknown");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_false(lb_slots_is_bootable(&state, 1));
}

static void encode__try__counter_at_zero_and_the_limit_beside_it(void **unused)
{
	state = (struct lb_slots_state){0};
	lb_slots_begin_try_in(&state, 1, TRIES);
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LIFEBOAT, &rules);
	assert_string_equal(value("slot"), "b");
	assert_string_equal(value("slot_a_state"), "new");
	assert_string_equal(value("slot_b_state"), "trying");
	assert_string_equal(value("upgrade_available"), "1");
	assert_string_equal(value("bootcount"), "0");
	assert_string_equal(value("bootlimit"), "3");
}

static void encode__good__counting_ends(void **unused)
{
	state = (struct lb_slots_state){0};
	lb_slots_begin_try_in(&state, 1, TRIES);
	state.slot[1].tries = 1;
	assert_int_equal(lb_slots_mark_good_in(&state, 1), 0);
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LIFEBOAT, &rules);
	assert_string_equal(value("slot"), "b");
	assert_string_equal(value("slot_b_state"), "good");
	assert_string_equal(value("upgrade_available"), "0");
	assert_string_equal(value("bootcount"), "0");
}

static void encode__more_tries_than_the_script_can_count__nine(void **unused)
{
	state = (struct lb_slots_state){0};
	lb_slots_begin_try_in(&state, 0, 40);
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LIFEBOAT, &many);
	assert_string_equal(value("bootlimit"), "9");
	assert_string_equal(value("bootcount"), "0");
	assert_string_equal(value("toggle"), "9");
}

static void toggle__count_of_the_loader__is_known_and_set_back(void **unused)
{
	const struct lb_slots_rules three = {.tries = TRIES, .toggle = 3};

	lb_bootenv_ask(&env, LB_BOOTENV_LIFEBOAT);
	assert_false(lb_bootenv_knows_toggle(&env, LB_BOOTENV_LIFEBOAT, 3));
	assert_true(lb_bootenv_knows_toggle(&env, LB_BOOTENV_LIFEBOAT, 0));
	assert_true(lb_bootenv_knows_toggle(&env, LB_BOOTENV_LINKSYS_MX, 3));
	says("toggle", "3");
	says("toggle_count", "2");
	assert_true(lb_bootenv_knows_toggle(&env, LB_BOOTENV_LIFEBOAT, 3));
	assert_false(lb_bootenv_knows_toggle(&env, LB_BOOTENV_LIFEBOAT, 0));
	assert_false(lb_bootenv_knows_toggle(&env, LB_BOOTENV_LIFEBOAT, 4));
	decode(LB_BOOTENV_LIFEBOAT);
	assert_int_equal(state.unsettled, 2);
	lb_slots_settle(&state);
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LIFEBOAT, &three);
	assert_string_equal(value("toggle_count"), "0");
	assert_string_equal(value("toggle"), "3");
	/* without a toggle both go */
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LIFEBOAT, &rules);
	assert_string_equal(value("toggle_count"), "");
	assert_string_equal(value("toggle"), "");
	says("toggle_count", "99999999");
	decode(LB_BOOTENV_LIFEBOAT);
	assert_int_equal(state.unsettled, 9);
}

static void encode__linksys__all_of_its_variables_name_the_slot(void **unused)
{
	state = (struct lb_slots_state){.active = 1};
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LINKSYS_MVEBU, &rules);
	assert_string_equal(value("boot_part"), "2");
	assert_string_equal(value("bootcmd"), "run altnandboot");
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LINKSYS_MX, &rules);
	assert_string_equal(value("boot_part"), "2");
	assert_string_equal(value("auto_recovery"), "yes");
	assert_string_equal(value("boot_part_ready"), "3");
}

static void good__counters_of_every_maker__only_where_they_are(void **unused)
{
	lb_bootenv_good(&env);
	assert_string_equal(value("owrt_bootcount"), "0");
	assert_string_equal(value("upgrade_available"), "0");
	assert_string_equal(value("flag_boot_success"), "1");
	for (size_t i = 0; i < env.count; i++)
		assert_true(env.var[i].only_if_there);
	state = (struct lb_slots_state){0};
	lb_bootenv_encode(&env, &state, LB_BOOTENV_LINKSYS_IPQ, &rules);
	assert_null(value("owrt_bootcount")); /* a boot that has only begun sets nothing back */
}

/* What is written says the same again when it is read. */
static void encode__every_state__comes_back(void **unused)
{
	for (int scheme = 0; scheme < LB_BOOTENV_SCHEME_COUNT; scheme++)
		for (unsigned code = 0; code < 2 * 5 * 5; code++) {
			struct lb_slots_state s = {.active = code % 2};
			const uint8_t states[] = {(uint8_t)(code / 2 % 5),
						  (uint8_t)(code / 10 % 5)};

			for (int i = 0; i < LB_SLOTS_MAX; i++) {
				s.slot[i].state = states[i];
				s.slot[i].why = states[i] == LB_SLOT_BAD ? LB_SLOT_WHY_HEALTH : 0;
				s.slot[i].tries = states[i] == LB_SLOT_TRYING ? TRIES : 0;
			}
			s.entered = s.active;
			s.reason = (uint8_t)lb_slots_follow(&s, s.active).reason;
			lb_bootenv_encode(&env, &s, (enum lb_bootenv_scheme)scheme, &rules);
			decode((enum lb_bootenv_scheme)scheme);
			assert_memory_equal(&state, &s, sizeof(s));
		}
}

static void scheme__by_name__is_found_or_not(void **unused)
{
	assert_int_equal(lb_bootenv_scheme_by_name("linksys-mx"), LB_BOOTENV_LINKSYS_MX);
	assert_int_equal(lb_bootenv_scheme_by_name("linksys"), LB_E(NOENT));
	assert_string_equal(lb_bootenv_scheme_name(LB_BOOTENV_LIFEBOAT), "lifeboat");
}

static void place__as_in_fw_env_config__is_read(void **unused)
{
	struct lb_bootenv_place p;

	assert_int_equal(lb_bootenv_place_parse(&p, "MTD=slot-env 0x40000 4096\t0x40000"), 0);
	assert_string_equal(p.device, "MTD=slot-env");
	assert_int_equal(p.off_bytes, 0x40000);
	assert_int_equal(p.size_bytes, 4096);
	assert_int_equal(p.sector_bytes, 0x40000);
	assert_int_equal(lb_bootenv_place_parse(&p, " /dev/mmcblk0 0x3f0000 0x2000 "), 0);
	assert_int_equal(p.sector_bytes, 0);
}

static void place__anything_else__is_refused_and_nothing_is_changed(void **unused)
{
	static const char *const wrong[] = {"",
					    " ",
					    "/dev/mtd1",
					    "/dev/mtd1 0x0",
					    "/dev/mtd1 x 0x1000",
					    "/dev/mtd1 0 0",
					    "/dev/mtd1 0 0x1000 0x1000 1",
					    "/dev/mtd1 -1 0x1000",
					    "/dev/mtd1 0x 0x1000",
					    "/dev/mtd1 0x0 0x7fffffff",
					    "/dev/mtd1 12345678901234567890 0x1000",
					    "/dev/mtd1 0g 0x1000"};
	struct lb_bootenv_place p = {.off_bytes = 7};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(lb_bootenv_place_parse(&p, wrong[i]), LB_E(FORMAT));
	assert_int_equal(p.off_bytes, 7);
}

TESTS(cmocka_unit_test(decode__nothing_there__first_slot_and_both_as_delivered),
      cmocka_unit_test(decode__counting__tries_are_what_the_loader_has_left),
      cmocka_unit_test(decode__upgrade_available_taken_back_by_others__good),
      cmocka_unit_test(decode__upgrade_available_set_by_others__is_tried),
      cmocka_unit_test(decode__loader_went_back__the_other_one_is_bad_and_that_is_the_reason),
      cmocka_unit_test(decode__unfinished_writing__is_never_a_slot_to_try),
      cmocka_unit_test(decode__word_of_a_later_version__is_not_booted),
      cmocka_unit_test(encode__try__counter_at_zero_and_the_limit_beside_it),
      cmocka_unit_test(encode__good__counting_ends),
      cmocka_unit_test(encode__more_tries_than_the_script_can_count__nine),
      cmocka_unit_test(toggle__count_of_the_loader__is_known_and_set_back),
      cmocka_unit_test(encode__linksys__all_of_its_variables_name_the_slot),
      cmocka_unit_test(good__counters_of_every_maker__only_where_they_are),
      cmocka_unit_test(encode__every_state__comes_back),
      cmocka_unit_test(scheme__by_name__is_found_or_not),
      cmocka_unit_test(place__as_in_fw_env_config__is_read),
      cmocka_unit_test(place__anything_else__is_refused_and_nothing_is_changed))
