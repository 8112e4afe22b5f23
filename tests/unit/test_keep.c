#include "tests/t.h"

#include <stdio.h>

#include "plan/keep.h"

#define HASH "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"

static char path[LB_KEEP_PATH_MAX];
static struct lb_keep_paths paths;
static struct lb_conffiles conffiles;
static struct lb_conffile item;

static void read_paths(const char *text)
{
	lb_keep_paths_begin(&paths, text, strlen(text));
}

static void assert_next(const char *wanted, unsigned line)
{
	assert_int_equal(lb_keep_paths_next(&paths, path), 1);
	assert_string_equal(path, wanted);
	assert_int_equal(paths.line, line);
}

static void paths__comments_and_blank_lines__are_passed_over(void **state)
{
	read_paths(
		"# mine\n\n  \t\n/etc/config/\n /root/.ssh /etc/*.d # both\r\n#/etc/no\n/opt/a#b");
	assert_next("/etc/config/", 4);
	assert_next("/root/.ssh", 5);
	assert_next("/etc/*.d", 5);
	assert_next("/opt/a#b", 7);
	assert_int_equal(lb_keep_paths_next(&paths, path), 0);
	assert_int_equal(lb_keep_paths_next(&paths, path), 0);
}

static void paths__not_absolute_or_going_up__are_refused_one_by_one(void **state)
{
	read_paths("etc/a\n/etc/../root\n/etc/..\n/etc/..b\n");
	assert_int_equal(lb_keep_paths_next(&paths, path), LB_E(FORMAT));
	assert_string_equal(path, "etc/a");
	assert_int_equal(lb_keep_paths_next(&paths, path), LB_E(FORMAT));
	assert_int_equal(paths.line, 2);
	assert_int_equal(lb_keep_paths_next(&paths, path), LB_E(FORMAT));
	assert_next("/etc/..b", 4);
}

static void paths__longest_that_fits_and_one_more__taken_and_refused(void **state)
{
	char text[LB_KEEP_PATH_MAX + 8];

	memset(text, 'x', sizeof(text));
	text[0] = '/';
	lb_keep_paths_begin(&paths, text, LB_KEEP_PATH_MAX - 1);
	assert_int_equal(lb_keep_paths_next(&paths, path), 1);
	assert_int_equal(strlen(path), LB_KEEP_PATH_MAX - 1);
	lb_keep_paths_begin(&paths, text, LB_KEEP_PATH_MAX);
	assert_int_equal(lb_keep_paths_next(&paths, path), LB_E(RANGE));
	lb_keep_paths_begin(&paths, "/a\0b", 4);
	assert_int_equal(lb_keep_paths_next(&paths, path), LB_E(FORMAT));
}

static void conffiles__status_of_opkg__only_the_lists_count(void **state)
{
	static const char text[] = "Package: a\nVersion: 1\nConffiles:\n /etc/config/a " HASH
				   "\n /etc/b 0123\nStatus: ok\nDescription: x\n /etc/no " HASH
				   "\n\nPackage: b\nConffiles:\n /etc/c " HASH "0\n rel " HASH
				   "\n\n /etc/after " HASH "\n";

	lb_conffiles_begin(&conffiles, false, text, sizeof(text) - 1);
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 1);
	assert_string_equal(item.path, "/etc/config/a");
	assert_string_equal(item.hash, HASH);
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 1);
	assert_string_equal(item.path, "/etc/b");
	assert_string_equal(item.hash, ""); /* no SHA-256: nobody can say that it is as it was */
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 1);
	assert_string_equal(item.path, "/etc/c");
	assert_string_equal(item.hash, "");
	assert_int_equal(lb_conffiles_next(&conffiles, &item), LB_E(FORMAT));
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 0); /* the blank line ended it */
}

static void conffiles__file_of_apk__every_line_counts(void **state)
{
	static const char text[] = "/etc/config/dhcp " HASH "\n\n/etc/x";

	lb_conffiles_begin(&conffiles, true, text, sizeof(text) - 1);
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 1);
	assert_string_equal(item.path, "/etc/config/dhcp");
	assert_string_equal(item.hash, HASH);
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 1);
	assert_string_equal(item.path, "/etc/x");
	assert_int_equal(lb_conffiles_next(&conffiles, &item), 0);
}

static void never__state_and_package_managers_own__only_those(void **state)
{
	assert_true(lb_keep_never("/etc/board.json"));
	assert_true(lb_keep_never("/etc/config/network-opkg"));
	assert_true(lb_keep_never("/etc/config/network.apk-new"));
	assert_true(lb_keep_never("/usr/lib/opkg/status"));
	assert_true(lb_keep_never("/lib/apk/db/installed"));
	assert_false(lb_keep_never("/etc/board.json.mine"));
	assert_false(lb_keep_never("/etc/config/network"));
	assert_false(lb_keep_never("/usr/lib/opkgfoo"));
}

TESTS(unit(paths__comments_and_blank_lines__are_passed_over),
      unit(paths__not_absolute_or_going_up__are_refused_one_by_one),
      unit(paths__longest_that_fits_and_one_more__taken_and_refused),
      unit(conffiles__status_of_opkg__only_the_lists_count),
      unit(conffiles__file_of_apk__every_line_counts),
      unit(never__state_and_package_managers_own__only_those))
