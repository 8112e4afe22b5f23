/* Words of the kernel command line, read as the kernel's own parser reads them. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>

#include "plan/cmdline.h"

static void assert_value(const char *cmdline, const char *key, const char *value)
{
	char out[64];

	memset(out, 'u', sizeof(out));
	assert_int_equal(lb_cmdline_get(cmdline, key, out, sizeof(out)), strlen(value));
	assert_string_equal(out, value);
}

static void assert_none(const char *cmdline, const char *key)
{
	char out[64], before[64];

	memset(out, 'u', sizeof(out));
	memset(before, 'u', sizeof(before));
	assert_int_equal(lb_cmdline_get(cmdline, key, out, sizeof(out)), LB_E(NOENT));
	assert_memory_equal(out, before, sizeof(out));
}

static void get__word_anywhere__its_value(void **state)
{
	assert_value("root=/dev/vda2", "root", "/dev/vda2");
	assert_value("root=/dev/vda2 ro quiet\n", "root", "/dev/vda2");
	assert_value("console=ttyAMA0 ro\troot=a", "root", "a");
	assert_value("\n \troot=a  b=c \n", "b", "c");
	assert_value("root=PARTUUID=1-02 ro", "root", "PARTUUID=1-02");
	assert_value("root= ro", "root", "");
}

static void get__only_part_of_a_word_fits__is_not_it(void **state)
{
	assert_none("", "root");
	assert_none("  \n", "root");
	assert_none("xroot=a rootx=b roo=c x.root=d -root=e", "root");
	assert_none("root", "root");
	assert_none("Root=a ROOT=b", "root");
	assert_none("other=root=a", "root");
	assert_none("other=\"x root=a\"", "root");
}

static void get__word_comes_twice__the_last_one_counts(void **state)
{
	assert_value("root=a ro root=bb", "root", "bb");
	assert_value("root=aa root=", "root", "");
	assert_value("root=aa xroot=b root", "root", "aa");
}

/* Both ways to quote: as people write it, and as GRUB hands on a word with a blank in it. */
static void get__quotes__are_removed_and_keep_blanks(void **state)
{
	assert_value("board=\"a b\" ro", "board", "a b");
	assert_value("\"board=a b\" ro", "board", "a b");
	assert_value("board=\"\" ro", "board", "");
	assert_value("board=a\" \"b ro", "board", "a\" \"b");
	assert_value("ro \"root=a\"", "root", "a");
	assert_value("\"\" root=a", "root", "a");
}

static void get__quote_never_closed__reaches_to_the_end(void **state)
{
	assert_value("board=\"a b", "board", "a b");
	assert_value("\"board=a b", "board", "a b");
	assert_value("board=\"", "board", "");
	assert_none("\"", "board");
	assert_none("x=\" board=a", "board");
}

static void get__value_does_not_fit__error_and_out_untouched(void **state)
{
	char out[5] = "uuuu";

	assert_int_equal(lb_cmdline_get("k=12345", "k", out, sizeof(out)), LB_E(NOSPC));
	assert_string_equal(out, "uuuu");
	assert_int_equal(lb_cmdline_get("k=1234", "k", out, sizeof(out)), 4);
	assert_string_equal(out, "1234");
	assert_int_equal(lb_cmdline_get("k=12345 k=1", "k", out, sizeof(out)), 1);
	assert_int_equal(lb_cmdline_get("k=", "k", out, 0), LB_E(NOSPC));
}

/* OpenWrt takes "failsafe=" with any value, as a substring; here only a whole word with an explicit
 * value counts. */
static void switch__each_kind_of_value__on_off_unset_or_invalid(void **state)
{
	static const struct {
		const char *cmdline;
		enum lb_cmdline_switch expected;
	} rows[] = {
		{"failsafe=1", LB_SWITCH_ON},
		{"failsafe=0", LB_SWITCH_OFF},
		{"quiet failsafe=1\n", LB_SWITCH_ON},
		{"failsafe=\"1\"", LB_SWITCH_ON},
		{"failsafe=0 failsafe=1", LB_SWITCH_ON},
		{"failsafe=1 failsafe=0", LB_SWITCH_OFF},
		{"failsafe=1 failsafe=", LB_SWITCH_INVALID},
		{"failsafe=2", LB_SWITCH_INVALID},
		{"failsafe=", LB_SWITCH_INVALID},
		{"failsafe=\"\"", LB_SWITCH_INVALID},
		{"failsafe=01", LB_SWITCH_INVALID},
		{"failsafe=1", LB_SWITCH_ON},
		{"failsafe=10", LB_SWITCH_INVALID},
		{"failsafe=1,", LB_SWITCH_INVALID},
		{"failsafe=true", LB_SWITCH_INVALID},
		{"failsafe=on", LB_SWITCH_INVALID},
		{"failsafe=-1", LB_SWITCH_INVALID},
		{"failsafe=111111111111111111111111111111111", LB_SWITCH_INVALID},
		{"failsafe", LB_SWITCH_UNSET},
		{"failsafe 1", LB_SWITCH_UNSET},
		{"xfailsafe=1", LB_SWITCH_UNSET},
		{"failsafex=1", LB_SWITCH_UNSET},
		{"my.failsafe=1", LB_SWITCH_UNSET},
		{"x=failsafe=1", LB_SWITCH_UNSET},
		{"x=\"a failsafe=1\"", LB_SWITCH_UNSET},
		{"FAILSAFE=1", LB_SWITCH_UNSET},
		{"", LB_SWITCH_UNSET},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lb_cmdline_switch(rows[i].cmdline, "failsafe") != rows[i].expected)
			fail_msg("'%s' is taken for %d", rows[i].cmdline,
				 (int)lb_cmdline_switch(rows[i].cmdline, "failsafe"));
}

static void numbers_ubi__number_or_name__only_the_number(void **state)
{
	static const struct {
		const char *place;
		bool expected;
	} rows[] = {
		{"/dev/ubiblock0_1", true},
		{"/dev/ubi0_1", true},
		{"ubi0_1", true},
		{"ubi1", true},
		{"ubiblock10_1", true},
		{"254:0", true},
		{"fe00", true},
		{"ubi0:rootfs", false},
		{"ubi0!rootfs", false},
		{"ubi:rootfs", false},
		{"UBI=rootfs", false},
		{"UBI=1", false},
		{"PARTLABEL=ubi0_1", false},
		{"PARTUUID=1-02", false},
		{"/dev/mmcblk0p2", false},
		{"/dev/mtdblock5", false},
		{"/dev/ubi_ctrl", false},
		{"", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char cmdline[64];

		if (lb_place_numbers_ubi(rows[i].place) != rows[i].expected)
			fail_msg("'%s' is taken for the other one", rows[i].place);
		(void)snprintf(cmdline, sizeof(cmdline), "ro root=\"%s\" x", rows[i].place);
		assert_int_equal(lb_cmdline_numbers_ubi(cmdline), rows[i].expected);
	}
}

static void numbers_ubi__command_line__any_of_its_words(void **state)
{
	assert_false(lb_cmdline_numbers_ubi("ro ubi.mtd=0,2048 rootfstype=squashfs\n"));
	assert_false(lb_cmdline_numbers_ubi("ubi.block=0,rootfs"));
	assert_false(lb_cmdline_numbers_ubi("ubi.block=0,1rootfs ubi.block=0,r2"));
	assert_false(lb_cmdline_numbers_ubi("xroot=/dev/ubi0_1 my.ubi.block=0,1 x=ubi.block=0,1"));
	assert_true(lb_cmdline_numbers_ubi("ubi.block=0,1"));
	assert_true(lb_cmdline_numbers_ubi("ubi.block=0,12 ubi.block=0,rootfs"));
	assert_true(lb_cmdline_numbers_ubi("ubi.block=/dev/ubi0_1"));
	assert_true(lb_cmdline_numbers_ubi("\"ubi.block=0,1\" ro"));
	assert_true(lb_cmdline_numbers_ubi("ubi.block="));
	assert_true(lb_cmdline_numbers_ubi("root=/dev/ubi0_1 root=UBI=rootfs"));
}

/* Each prefix stands in memory of its own size, so that a look behind its end is seen. */
static void get__every_truncation__reads_nothing_behind_the_end(void **state)
{
	const char whole[] = "quiet root=\"/dev/x y\" \"board=a b\" failsafe=1";

	for (size_t n = 0; n < sizeof(whole); n++) {
		char *cut = malloc(n + 1);
		char out[32];

		assert_non_null(cut);
		memcpy(cut, whole, n);
		cut[n] = '\0';
		assert_int_equal(lb_cmdline_switch(cut, "failsafe") == LB_SWITCH_ON,
				 n == sizeof(whole) - 1);
		assert_int_equal(lb_cmdline_get(cut, "root", out, sizeof(out)) >= 0,
				 n >= strlen("quiet root="));
		free(cut);
	}
}

TESTS(unit(get__word_anywhere__its_value), unit(get__only_part_of_a_word_fits__is_not_it),
      unit(get__word_comes_twice__the_last_one_counts),
      unit(get__quotes__are_removed_and_keep_blanks),
      unit(get__quote_never_closed__reaches_to_the_end),
      unit(get__value_does_not_fit__error_and_out_untouched),
      unit(numbers_ubi__number_or_name__only_the_number),
      unit(numbers_ubi__command_line__any_of_its_words),
      unit(switch__each_kind_of_value__on_off_unset_or_invalid),
      unit(get__every_truncation__reads_nothing_behind_the_end))
