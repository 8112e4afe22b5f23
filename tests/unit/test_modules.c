#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "plat/linux/machine/modules.h"

static char list[] = "/tmp/lifeboat-modules-XXXXXX";
static char said[2048];
static int between_count;

static void note(void *ctx, enum lb_log_level level, const char *text)
{
	(void)strncat(said, text, sizeof(said) - strlen(said) - 2);
	(void)strcat(said, "\n");
}

static void between(void *ctx)
{
	between_count++;
}

static int load(const char *content)
{
	FILE *f = fopen(list, "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
	said[0] = '\0';
	between_count = 0;
	return lb_modules_load(list, between, NULL);
}

static int make_list(void **state)
{
	lb_log_set_sink(note, NULL);
	return close(mkstemp(list));
}

static int remove_list(void **state)
{
	return unlink(list);
}

static void list__of_blanks_and_comments__loads_nothing_and_says_nothing(void **state)
{
	assert_int_equal(load("# comment\n\n   \t\n  # another\n"), 0);
	assert_string_equal(said, "");
}

static void list__indented_and_with_a_comment_behind__names_the_module(void **state)
{
	assert_int_equal(load("\t /no/such/a.ko # why\r\n/no/such/b.ko"), 0);
	assert_non_null(strstr(said, "kernel module /no/such/a.ko cannot be loaded"));
	assert_non_null(strstr(said, "kernel module /no/such/b.ko cannot be loaded"));
	assert_int_equal(between_count, 2);
}

static void list__relative_path__is_left_out_and_said(void **state)
{
	assert_int_equal(load("kernel/a.ko\n"), 0);
	assert_non_null(strstr(said, "kernel/a.ko is left out"));
}

static void list__very_long_line__is_one_module(void **state)
{
	char line[1024];

	memset(line, 'x', sizeof(line));
	line[0] = '/';
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(load(line), 0);
	assert_int_equal(between_count, 1);
}

static void list__absent__noent(void **state)
{
	assert_int_equal(lb_modules_load("/no/such/list", between, NULL), LB_E(NOENT));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(list__of_blanks_and_comments__loads_nothing_and_says_nothing),
		unit(list__indented_and_with_a_comment_behind__names_the_module),
		unit(list__relative_path__is_left_out_and_said),
		unit(list__very_long_line__is_one_module),
		unit(list__absent__noent),
	};

	return cmocka_run_group_tests(all, make_list, remove_list);
}
