#include "tests/t.h"

#include "plan/accounts.h"

static char text[256];

static int merge(const char *restored, const char *rom)
{
	(void)strcpy(text, restored);
	int n = lb_accounts_merge(text, strlen(text), sizeof(text) - 1, rom, strlen(rom));

	if (n >= 0)
		text[n] = '\0';
	return n;
}

static void merge__lines_of_the_system__are_appended_when_their_first_field_is_missing(void **state)
{
	assert_true(merge("root:x:0:0:mine\nme:x:1000\n",
			  "root:x:0:0:root\nntp:x:123\ndns:x:453\n") > 0);
	assert_string_equal(text, "root:x:0:0:mine\nme:x:1000\nntp:x:123\ndns:x:453\n");
}

static void merge__nothing_is_missing__text_stays(void **state)
{
	assert_true(merge("a:1\nb:2", "b:3\na:4") > 0);
	assert_string_equal(text, "a:1\nb:2");
}

static void merge__last_line_without_newline__gets_one_first(void **state)
{
	assert_true(merge("root:x", "ntp:y") > 0);
	assert_string_equal(text, "root:x\nntp:y\n");
}

static void merge__a_name_that_only_begins_or_ends_the_same__is_another(void **state)
{
	assert_true(merge("rooty:x\nxroot:y\nroo:z\n:root:\nroot\n", "root:r\n") > 0);
	assert_string_equal(text, "rooty:x\nxroot:y\nroo:z\n:root:\nroot\nroot:r\n");
}

static void merge__lines_that_name_nobody__are_left_out(void **state)
{
	assert_true(merge("a:1\n", "\n# b\n:c\nd\ne:2\ne:3\n") > 0);
	assert_string_equal(text, "a:1\ne:2\n");
}

static void merge__restored_file_is_empty__becomes_the_systems(void **state)
{
	assert_true(merge("", "a:1\nb:2") > 0);
	assert_string_equal(text, "a:1\nb:2\n");
	assert_int_equal(merge("", ""), 0);
}

static void merge__no_room__is_refused_and_the_restored_lines_stay(void **state)
{
	char small[12] = "root:x\n";

	assert_int_equal(lb_accounts_merge(small, 7, sizeof(small), "ntp:y\n", 6), LB_E(NOSPC));
	assert_memory_equal(small, "root:x\n", 7);
	assert_int_equal(lb_accounts_merge(small, 7, sizeof(small), "n:y\n", 4), 11);
	assert_memory_equal(small, "root:x\nn:y\n", 11);
}

static void is_accounts__the_three_files__and_no_other(void **state)
{
	assert_true(lb_is_accounts("etc/passwd") && lb_is_accounts("etc/group") &&
		    lb_is_accounts("etc/shadow"));
	assert_false(lb_is_accounts("etc/passwd-") || lb_is_accounts("passwd") ||
		     lb_is_accounts("home/etc/passwd"));
}

TESTS(unit(merge__lines_of_the_system__are_appended_when_their_first_field_is_missing),
      unit(merge__nothing_is_missing__text_stays),
      unit(merge__last_line_without_newline__gets_one_first),
      unit(merge__a_name_that_only_begins_or_ends_the_same__is_another),
      unit(merge__lines_that_name_nobody__are_left_out),
      unit(merge__restored_file_is_empty__becomes_the_systems),
      unit(merge__no_room__is_refused_and_the_restored_lines_stay),
      unit(is_accounts__the_three_files__and_no_other))
