/* Which disk the PC may overwrite, and how a person is told about it. */
#include "tests/t.h"

#include <stdio.h>

#include "lifeline/amounts.h"
#include "lifeline/card.h"

static struct lb_drive stick;
static char why[LB_SENTENCE_MAX];

static int make(void **state)
{
	stick = (struct lb_drive){.name = "sdb",
				  .node = "/dev/sdb",
				  .size_bytes = UINT64_C(16) << 30,
				  .hardware = true,
				  .removable = true};
	why[0] = '\0';
	return 0;
}

static bool takes(bool force)
{
	return lb_card_takes(&stick, "sdb", force, why);
}

static void takes__free_stick__yes(void **state)
{
	assert_true(takes(false));
	assert_string_equal(why, "");
}

static void takes__partition__names_the_disk(void **state)
{
	assert_false(lb_card_takes(&stick, "sdb1", true, why));
	assert_string_equal(why, "sdb1 is a partition, and the image is one of a whole disk: give "
				 "/dev/sdb");
}

static void takes__disk_that_is_fixed__with_force_only(void **state)
{
	stick.removable = false;
	assert_false(takes(false));
	assert_non_null(strstr(why, "--force"));
	assert_true(takes(true));
}

static void takes__what_is_in_use__never(void **state)
{
	(void)strcpy(stick.used_for, "/media/stick");
	assert_false(takes(true));
	assert_string_equal(why, "/dev/sdb is in use, as /media/stick: unmount it first");
	stick.runs_system = true;
	(void)strcpy(stick.used_for, "/");
	assert_false(takes(true));
	assert_string_equal(why, "/dev/sdb is the disk that this PC runs from: it has /");
}

static void takes__empty_reader_and_locked_card__say_what_to_do(void **state)
{
	stick.readonly = true;
	assert_false(takes(true));
	assert_non_null(strstr(why, "switch"));
	stick.size_bytes = 0;
	assert_false(takes(true));
	assert_non_null(strstr(why, "put a card into it"));
}

static void bytes__all_sizes__two_or_three_digits_and_a_unit(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {{0, "0 bytes"},	     {1023, "1023 bytes"},
		    {1024, "1 KiB"},	     {1536, "1.5 KiB"},
		    {1048575, "1023 KiB"},   {UINT64_C(15931539456), "14.8 GiB"},
		    {256u << 20, "256 MiB"}, {UINT64_C(5) << 30, "5 GiB"},
		    {UINT64_MAX, "15.9 EiB"}};
	char text[LB_AMOUNT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lb_amount_bytes(text, rows[i].bytes);
		assert_string_equal(text, rows[i].text);
	}
}

static void time__seconds_to_hours__rounded_up(void **state)
{
	char text[LB_AMOUNT_MAX];

	lb_amount_time(text, 0);
	assert_string_equal(text, "0 s");
	lb_amount_time(text, 1);
	assert_string_equal(text, "1 s");
	lb_amount_time(text, 125000);
	assert_string_equal(text, "2:05");
	lb_amount_time(text, 3725000);
	assert_string_equal(text, "1:02:05");
	lb_amount_time(text, UINT64_MAX / 2);
	assert_non_null(strchr(text, ':'));
}

/* A cache takes the first 100 MB at once, then it goes with 10 MB/s. */
static void speed__disk_that_slows_down__follows_within_seconds(void **state)
{
	struct lb_speed s;
	uint64_t done = 0, now = 1000;

	lb_speed_start(&s, now, 0);
	assert_true(lb_speed_left_ms(&s, 0, 1000) == UINT64_MAX);
	lb_speed_step(&s, now + 100, 50000000);
	assert_int_equal(s.bytes_per_s, 0);
	lb_speed_step(&s, now += 500, done = 100000000);
	assert_int_equal(s.bytes_per_s, 200000000);
	for (int i = 0; i < 40; i++)
		lb_speed_step(&s, now += 500, done += 5000000);
	assert_in_range(s.bytes_per_s, 10000000, 13000000);
	assert_in_range(lb_speed_left_ms(&s, done, done + 100000000), 7600, 10000);
	assert_true(lb_speed_left_ms(&s, 2, 1) == UINT64_MAX);
}

#define on_stick(f) cmocka_unit_test_setup(f, make)

TESTS(on_stick(takes__free_stick__yes), on_stick(takes__partition__names_the_disk),
      on_stick(takes__disk_that_is_fixed__with_force_only), on_stick(takes__what_is_in_use__never),
      on_stick(takes__empty_reader_and_locked_card__say_what_to_do),
      unit(bytes__all_sizes__two_or_three_digits_and_a_unit),
      unit(time__seconds_to_hours__rounded_up),
      unit(speed__disk_that_slows_down__follows_within_seconds))
