/* Which stick the owner means, and whether the one that is there may be used. */
#include "tests/t.h"

#include "plan/extroot.h"

#define STICK "config mount\n option target /overlay\n option uuid 12-ab\n option enabled 1\n"

static struct lb_extroot_want want;
static struct lb_extroot_wrong wrong;

static int parse(const char *text)
{
	memset(&want, 'u', sizeof(want));
	return lb_extroot_parse(&want, &wrong, text, strlen(text));
}

static void assert_refused(const char *text, unsigned line, const char *sentence)
{
	struct lb_extroot_want before;

	assert_int_equal(parse(text), LB_E(FORMAT));
	assert_int_equal(wrong.line, line);
	assert_string_equal(wrong.text, sentence);
	memset(&before, 'u', sizeof(before));
	assert_memory_equal(&want, &before, sizeof(want));
}

static void fstab__as_block_detect_writes_it__the_stick_and_defaults(void **state)
{
	assert_int_equal(
		parse("config 'global'\n\toption\tanon_swap\t'0'\n\toption\tdelay_root\t'5'\n"
		      "\toption\tcheck_fs\t'0'\n\nconfig 'mount'\n\toption\ttarget\t'/overlay'\n"
		      "\toption\tuuid\t'de3a-11'\n\toption\tenabled\t'1'\n"),
		1);
	assert_false(want.whole_root || want.check);
	assert_string_equal(want.uuid, "de3a-11");
	assert_int_equal(want.wait_ms, LB_EXTROOT_WAIT_MS);
	assert_int_equal(want.line, 6);
	assert_int_equal(parse(STICK "option fstype ext4\noption options 'rw,noatime'\n"
				     "option label L\noption device /dev/sda1\n"
				     "config global g\noption check_fs 1\n"),
			 1);
	assert_true(want.check);
	assert_string_equal(want.fstype, "ext4");
	assert_string_equal(want.options, "rw,noatime");
	assert_string_equal(want.label, "L");
	assert_string_equal(want.device, "/dev/sda1");
}

static void fstab__nothing_enabled_for_root_or_overlay__no_extroot(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse("config global\n option delay_root 5\n"), 0);
	assert_int_equal(parse("config mount\n option target /overlay\n option uuid 1\n"), 0);
	assert_int_equal(
		parse("config mount\n option target /overlay\n option uuid 1\n option enabled 0\n"),
		0);
	assert_int_equal(
		parse("config mount\n option target /mnt/a\n option uuid 1\n option enabled 1\n"),
		0);
	assert_int_equal(
		parse("config swap\n option target /overlay\n option uuid 1\n option enabled 1\n"),
		0);
	/* an option of another section is not one of the mount before it */
	assert_int_equal(
		parse("config mount\n option target /overlay\n option uuid 1\nconfig x\n option enabled 1\n"),
		0);
}

static void fstab__several__whole_root_first_then_the_first_enabled_one(void **state)
{
	assert_int_equal(parse(STICK "config mount\noption target /overlay\noption label second\n"
				     "option enabled 1\n"),
			 1);
	assert_string_equal(want.uuid, "12-ab");
	assert_int_equal(parse(STICK "config mount\noption target /\noption label whole\n"
				     "option enabled yes\n"),
			 1);
	assert_true(want.whole_root);
	assert_string_equal(want.label, "whole");
	assert_string_equal(want.uuid, "");
	assert_int_equal(parse("config mount\noption target /overlay\noption label off\n" STICK),
			 1);
	assert_string_equal(want.uuid, "12-ab");
}

static void fstab__delay_root__is_waited_at_least_but_not_for_ever(void **state)
{
	static const struct {
		const char *text;
		unsigned ms;
	} t[] = {{"0", 10000},	{"10", 10000}, {"15", 15000},
		 {"60", 60000}, {"61", 60000}, {"99999999999999999999", 60000}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char text[256] = STICK "config global\noption delay_root ";

		assert_int_equal(parse(strcat(text, t[i].text)), 1);
		assert_int_equal(want.wait_ms, t[i].ms);
	}
	assert_refused("config global\noption delay_root soon\n", 2,
		       "delay_root 'soon' is no number of seconds");
	assert_refused("config global\noption delay_root '5 s'\n", 2,
		       "delay_root '5 s' is no number of seconds");
	assert_refused("config global\noption delay_root ''\n", 2,
		       "delay_root '' is no number of seconds");
}

static void fstab__what_cannot_be_understood__line_and_sentence(void **state)
{
	assert_refused(
		"config mount\noption target /overlay\noption enabled 1\n", 1,
		"this mount section does not say which device: add option uuid, label or device");
	assert_refused(STICK "option options 'rw\n", 5, "the quote ' is not closed");
	assert_refused(STICK "option label "
			     "0123456789012345678901234567890123456789012345678901234567890123\n",
		       5, "'label' has more than 63 bytes");
}

static void is_meant__uuid_then_label_then_device__the_first_that_is_there(void **state)
{
	struct lb_extroot_device d = {.path = "/dev/sda1", .uuid = "12-ab", .label = "L"};

	want = (struct lb_extroot_want){.uuid = "12-AB", .label = "other"};
	assert_true(lb_extroot_is_meant(&want, &d));
	want = (struct lb_extroot_want){.uuid = "12-a", .label = "L", .device = "/dev/sda1"};
	assert_false(lb_extroot_is_meant(&want, &d));
	want = (struct lb_extroot_want){.uuid = "12-abc"};
	assert_false(lb_extroot_is_meant(&want, &d));
	want = (struct lb_extroot_want){.label = "L", .device = "/dev/sdb1"};
	assert_true(lb_extroot_is_meant(&want, &d));
	want = (struct lb_extroot_want){.label = "l"};
	assert_false(lb_extroot_is_meant(&want, &d));
	want = (struct lb_extroot_want){.device = "/dev/sda1"};
	assert_true(lb_extroot_is_meant(&want, &d));
	want = (struct lb_extroot_want){.device = "/dev/sda"};
	assert_false(lb_extroot_is_meant(&want, &d));
}

static void judge__marks_of_the_stick__used_marked_or_left_alone(void **state)
{
	static const struct lb_extroot_marks mine = {.root = "11-22", .board = "a,b 7"};
	static const struct {
		struct lb_extroot_marks found;
		enum lb_extroot_verdict verdict;
	} t[] = {
		{{.root = ""}, LB_EXTROOT_MARK_AND_USE},
		{{.root = "11-22", .board = "a,b 7"}, LB_EXTROOT_USE},
		{{.root = "11-22"}, LB_EXTROOT_MARK_AND_USE},			/* OpenWrt's mark */
		{{.root = "33-44", .board = "a,b 7"}, LB_EXTROOT_MARK_AND_USE}, /* upgraded */
		{{.board = "a,b 7"}, LB_EXTROOT_MARK_AND_USE},
		{{.root = "33-44"}, LB_EXTROOT_OTHER_FIRMWARE},
		{{.root = "33-44", .board = "a,b 8"}, LB_EXTROOT_OTHER_ROUTER},
		{{.root = "11-22", .board = "a,b 8"}, LB_EXTROOT_OTHER_ROUTER}, /* same image */
		{{.board = "a,b 8"}, LB_EXTROOT_OTHER_ROUTER},
		{{.bypass = true, .root = "33-44", .board = "a,b 8"}, LB_EXTROOT_USE},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(lb_extroot_judge(&t[i].found, &mine), t[i].verdict);
}

static void fs__with_and_without_what_an_overlay_needs(void **state)
{
	assert_true(lb_extroot_fs_is_fit("ext4") && lb_extroot_fs_is_fit("f2fs") &&
		    lb_extroot_fs_is_fit("btrfs"));
	assert_false(lb_extroot_fs_is_fit("vfat") || lb_extroot_fs_is_fit("exfat") ||
		     lb_extroot_fs_is_fit("ntfs") || lb_extroot_fs_is_fit(""));
}

TESTS(unit(fstab__as_block_detect_writes_it__the_stick_and_defaults),
      unit(fstab__nothing_enabled_for_root_or_overlay__no_extroot),
      unit(fstab__several__whole_root_first_then_the_first_enabled_one),
      unit(fstab__delay_root__is_waited_at_least_but_not_for_ever),
      unit(fstab__what_cannot_be_understood__line_and_sentence),
      unit(is_meant__uuid_then_label_then_device__the_first_that_is_there),
      unit(judge__marks_of_the_stick__used_marked_or_left_alone),
      unit(fs__with_and_without_what_an_overlay_needs))
