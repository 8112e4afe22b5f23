#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "plat/linux/files/treecmp.h"
#include "tests/unit/tree_top.h"

static char said[512];

static void hear(void *ctx, char how, const char *path)
{
	const size_t n = strlen(said);

	(void)snprintf(said + n, sizeof(said) - n, "%c%s ", how, path);
}

/* Of "in" and "out". */
static const char *found(void)
{
	int a = open("in", O_RDONLY | O_DIRECTORY), b = open("out", O_RDONLY | O_DIRECTORY), rc;

	said[0] = '\0';
	assert_true(a >= 0 && b >= 0);
	rc = lb_treecmp(a, b, "/", hear, NULL);
	assert_int_equal(rc, said[0] != '\0');
	assert_int_equal(lb_treecmp(a, b, "/", NULL, NULL), rc);
	assert_int_equal(close(a) | close(b), 0);
	return said;
}

static void put(const char *path, const char *xattr, const char *value)
{
	if (lsetxattr(path, xattr, value, strlen(value), 0) < 0)
		skip(); /* a file system without them */
}

static void compare__trees_of_all_kinds__tells_what_differs(void **state)
{
	sh("cd in && " FURNISH ":; cp -a . ../out");
	assert_string_equal(found(), "");
	sh("cd out && : >etc/new && rm a/dead && ln -sfn other a/link && chmod 700 sbin && "
	   "printf x | dd of=a/b/large bs=1 seek=2000000 conv=notrunc status=none");
	assert_string_equal(found(), "~/a/b/large -/a/dead ~/a/link +/etc/new ~/sbin ");
}

static void compare__extended_attributes__are_part_of_it(void **state)
{
	sh("for d in in out; do mkdir -p $d/dir/below && : >$d/file && : >$d/more && : >$d/value && : >$d/name; done");
	put("in/file", "user.a", "1");
	put("in/file", "user.b", "2");
	put("out/file", "user.b", "2");
	put("out/file", "user.a", "1");
	assert_string_equal(found(), "");
	put("in/more", "user.a", "1");
	put("in/value", "user.a", "1");
	put("out/value", "user.a", "2");
	put("in/name", "user.a", "1");
	put("out/name", "user.b", "1");
	put("out/dir/below", "user.a", "1");
	assert_string_equal(found(), "~/dir/below ~/more ~/name ~/value ");
}

static void compare__extended_attributes_of_links_and_devices__are_part_of_it(void **state)
{
	if (geteuid() != 0)
		skip();
	sh("for d in in out; do mkdir -p $d && ln -s file $d/link && mknod $d/null c 1 3; done");
	put("in/link", "trusted.a", "1");
	put("out/null", "trusted.a", "1");
	assert_string_equal(found(), "~/link ~/null ");
}

#define in_top(f) cmocka_unit_test_setup_teardown(f, make_top, remove_top)

TESTS(in_top(compare__trees_of_all_kinds__tells_what_differs),
      in_top(compare__extended_attributes__are_part_of_it),
      in_top(compare__extended_attributes_of_links_and_devices__are_part_of_it))
