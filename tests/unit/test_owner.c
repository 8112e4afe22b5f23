#include "tests/t.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lifeboat/root/owner.h"

static char root[64], text[64];
static int upper, lower;

static void make_file(int dir, const char *path, const char *content)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	assert_int_equal(close(fd), 0);
}

static int make_layer(const char *name)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int make_layers(void **state)
{
	(void)strcpy(root, "/tmp/lifeboat-owner-XXXXXX");
	assert_non_null(mkdtemp(root));
	upper = make_layer("upper");
	lower = make_layer("lower");
	assert_int_equal(mkdirat(lower, "etc", 0755), 0);
	make_file(lower, "etc/shadow", "rom");
	(void)strcpy(text, "untouched");
	return 0;
}

static int remove_layers(void **state)
{
	char command[128];

	(void)close(upper);
	(void)close(lower);
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static int read_shadow(void)
{
	return lb_owner_file_read(upper, lower, "etc/shadow", text, sizeof(text));
}

static void assert_nothing_counts(void)
{
	assert_true(read_shadow() < 0);
	assert_string_equal(text, "untouched");
}

static void make_etc(void)
{
	assert_int_equal(mkdirat(upper, "etc", 0755), 0);
}

static void file__never_changed_by_the_owner__is_the_built_in_one(void **state)
{
	make_etc();
	assert_int_equal(read_shadow(), 3);
	assert_string_equal(text, "rom");
}

static void file__no_overlay__is_the_built_in_one(void **state)
{
	assert_int_equal(lb_owner_file_read(-1, lower, "etc/shadow", text, sizeof(text)), 3);
	assert_string_equal(text, "rom");
}

static void file__changed_by_the_owner__is_the_owners(void **state)
{
	make_etc();
	make_file(upper, "etc/shadow", "owner");
	assert_int_equal(read_shadow(), 5);
	assert_string_equal(text, "owner");
}

static void file__emptied_by_the_owner__is_empty(void **state)
{
	make_etc();
	make_file(upper, "etc/shadow", "");
	assert_int_equal(read_shadow(), 0);
	assert_string_equal(text, "");
}

static void file__nowhere__noent(void **state)
{
	assert_int_equal(lb_owner_file_read(upper, lower, "etc/absent", text, sizeof(text)),
			 LB_E(NOENT));
	assert_int_equal(lb_owner_file_read(upper, -1, "etc/shadow", text, sizeof(text)),
			 LB_E(NOENT));
}

static void make_whiteout(const char *path)
{
	if (mknodat(upper, path, S_IFCHR | 0600, makedev(0, 0)) < 0 && errno == EPERM)
		skip(); /* not root */
}

static void file__deleted_by_the_owner__does_not_come_back(void **state)
{
	make_etc();
	make_whiteout("etc/shadow");
	assert_nothing_counts();
}

static void directory__deleted_by_the_owner__its_files_do_not_come_back(void **state)
{
	make_whiteout("etc");
	assert_nothing_counts();
}

static void directory__replaced_by_the_owner__its_files_do_not_come_back(void **state)
{
	char path[128];

	make_etc();
	(void)snprintf(path, sizeof(path), "%s/upper/etc", root);
	if (setxattr(path, "trusted.overlay.opaque", "y", 1, 0) < 0)
		skip(); /* not root, or a file system without such attributes */
	assert_nothing_counts();
	make_file(upper, "etc/shadow", "owner");
	assert_int_equal(read_shadow(), 5);
}

static void directory__is_a_link__is_not_followed(void **state)
{
	assert_int_equal(symlinkat("../lower/etc", upper, "etc"), 0);
	assert_nothing_counts();
}

static void file__is_a_link__is_not_followed(void **state)
{
	make_etc();
	assert_int_equal(symlinkat("../../lower/etc/shadow", upper, "etc/shadow"), 0);
	assert_nothing_counts();
}

static void file__is_a_fifo_or_a_directory__counts_as_none_and_nothing_hangs(void **state)
{
	make_etc();
	assert_int_equal(mkfifoat(upper, "etc/shadow", 0600), 0);
	assert_nothing_counts();
	assert_int_equal(unlinkat(upper, "etc/shadow", 0), 0);
	assert_int_equal(mkdirat(upper, "etc/shadow", 0755), 0);
	assert_nothing_counts();
}

static void file__too_large__is_refused_and_the_built_in_one_does_not_count(void **state)
{
	char large[sizeof(text) + 1];

	memset(large, 'x', sizeof(large));
	large[sizeof(text)] = '\0';
	make_etc();
	make_file(upper, "etc/shadow", large);
	assert_int_equal(read_shadow(), LB_E(NOSPC));
	assert_nothing_counts();
}

static void hash__of_root__is_found_in_any_line(void **state)
{
	char hash[16] = "";

	assert_true(lb_owner_root_hash("root:$1$ab:1:0:::::\n", hash, sizeof(hash)));
	assert_string_equal(hash, "$1$ab");
	assert_true(lb_owner_root_hash("daemon:*:1::::::\nroot:xyz:1\n", hash, sizeof(hash)));
	assert_string_equal(hash, "xyz");
	assert_true(lb_owner_root_hash("root:end", hash, sizeof(hash)));
	assert_string_equal(hash, "end");
}

static void hash__empty_locked_absent_or_too_long__is_none(void **state)
{
	static const char *const none[] = {"",
					   "root",
					   "root:",
					   "root::1:0:::::\n",
					   "root:*:1\n",
					   "root:!$1$:1",
					   "root:x:1\n",
					   "toor:$1$ab:1",
					   "xroot:$1$ab:1",
					   "root:12345678:1"};
	char hash[8] = "before";

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(lb_owner_root_hash(none[i], hash, sizeof(hash)));
		assert_string_equal(hash, "before");
	}
}

#define layers(f) cmocka_unit_test_setup_teardown(f, make_layers, remove_layers)

TESTS(layers(file__never_changed_by_the_owner__is_the_built_in_one),
      layers(file__no_overlay__is_the_built_in_one),
      layers(file__changed_by_the_owner__is_the_owners),
      layers(file__emptied_by_the_owner__is_empty), layers(file__nowhere__noent),
      layers(file__deleted_by_the_owner__does_not_come_back),
      layers(directory__deleted_by_the_owner__its_files_do_not_come_back),
      layers(directory__replaced_by_the_owner__its_files_do_not_come_back),
      layers(directory__is_a_link__is_not_followed), layers(file__is_a_link__is_not_followed),
      layers(file__is_a_fifo_or_a_directory__counts_as_none_and_nothing_hangs),
      layers(file__too_large__is_refused_and_the_built_in_one_does_not_count),
      unit(hash__of_root__is_found_in_any_line),
      unit(hash__empty_locked_absent_or_too_long__is_none))
