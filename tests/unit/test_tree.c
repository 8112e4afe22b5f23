#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/files/tree.h"

static char top[] = "/tmp/lifeboat-tree-XXXXXX";

static int make_top(void **state)
{
	(void)strcpy(top + sizeof(top) - 7, "XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	struct lb_tree_count count;

	(void)chdir("/");
	return lb_tree_delete(top, NULL, &count) == 0 && rmdir(top) == 0 ? 0 : -1;
}

static void file_in(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "12345", 5), 5);
	assert_int_equal(close(fd), 0);
}

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}

static void assert_empty(void)
{
	/* rmdir() of a directory that is not empty fails: the kernel is the judge. */
	assert_int_equal(rmdir(top), 0);
	assert_int_equal(mkdir(top, 0700), 0);
}

static void delete__hidden_names_links_and_odd_ones__are_all_gone(void **state)
{
	struct lb_tree_count count;
	int fd = enter(top);

	/* The names that OpenWrt's reset leaves behind: its issue 18224. */
	assert_int_equal(mkdirat(fd, "root", 0700), 0);
	assert_int_equal(mkdirat(fd, "root/.ssh", 0700), 0);
	file_in(fd, "root/.ssh/authorized_keys");
	assert_int_equal(mkdirat(fd, ".hid", 0000), 0);
	file_in(fd, "...");
	file_in(fd, "-rf");
	file_in(fd, "a\nb");
	assert_int_equal(symlinkat("/etc", fd, "to-a-directory"), 0);
	assert_int_equal(symlinkat("nowhere", fd, "dangling"), 0);
	assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lb_tree_delete(top, NULL, &count), 0);
	assert_int_equal(count.entries, 10);
	assert_empty();
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void delete__what_is_to_be_kept__stays_at_the_top_only(void **state)
{
	struct lb_tree_count count;
	int fd = enter(top);

	file_in(fd, "sysupgrade.tgz");
	assert_int_equal(mkdirat(fd, "sub", 0700), 0);
	file_in(fd, "sub/sysupgrade.tgz");
	assert_int_equal(lb_tree_delete(top, "sysupgrade.tgz", &count), 0);
	assert_int_equal(count.entries, 2);
	assert_int_equal(faccessat(fd, "sysupgrade.tgz", F_OK, 0), 0);
	assert_int_equal(close(fd), 0);
}

static void delete__a_thousand_levels__are_not_too_deep(void **state)
{
	struct lb_tree_count count;
	int fd = enter(top);

	for (int i = 0; i < 1000; i++) {
		int sub;

		assert_int_equal(mkdirat(fd, "deeper-and-deeper", 0700), 0);
		sub = openat(fd, "deeper-and-deeper", O_RDONLY | O_DIRECTORY);
		assert_true(sub >= 0);
		assert_int_equal(close(fd), 0);
		fd = sub;
	}
	file_in(fd, "bottom");
	assert_int_equal(close(fd), 0);
	assert_int_equal(lb_tree_delete(top, NULL, &count), 0);
	assert_int_equal(count.entries, 1001);
	assert_empty();
}

static void delete__no_such_directory__is_an_error(void **state)
{
	struct lb_tree_count count = {.entries = 7};

	assert_int_equal(lb_tree_delete("/nonexistent", NULL, &count), LB_E(NOENT));
	assert_int_equal(count.entries, 7);
}

static void collect(void *ctx, const char *path)
{
	(void)strcat(strcat(ctx, path), " ");
}

static void walk__shows_every_entry_and_changes_nothing(void **state)
{
	struct lb_tree_count count;
	char seen[256] = "";
	int fd = enter(top);

	assert_int_equal(mkdirat(fd, "etc", 0700), 0);
	file_in(fd, "etc/.secret");
	assert_int_equal(lb_tree_walk(top, NULL, collect, seen, &count), 0);
	assert_string_equal(seen, "etc etc/.secret ");
	assert_int_equal(count.entries, 2);
	assert_int_equal(count.bytes, 5);
	assert_int_equal(faccessat(fd, "etc/.secret", F_OK, 0), 0);
	assert_int_equal(close(fd), 0);
}

#define in_top(f) cmocka_unit_test_setup_teardown(f, make_top, remove_top)

TESTS(in_top(delete__hidden_names_links_and_odd_ones__are_all_gone),
      in_top(delete__what_is_to_be_kept__stays_at_the_top_only),
      in_top(delete__a_thousand_levels__are_not_too_deep),
      in_top(delete__no_such_directory__is_an_error),
      in_top(walk__shows_every_entry_and_changes_nothing))
