#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/tree.h"
#include "install/tree_check.h"
#include "install/tree_pack.h"
#include "tests/unit/tree_top.h"

/* Whatever can be told about an entry, but for the sizes of directories. */
#define LIST                                                                                     \
	"for d in in out tarred; do (cd $d && find . -printf '%p %y %m %U %G %s %n %l %T@\n' | " \
	"awk '$2==\"d\"{$6=0}1' | sort >../$d.list; find . -type c -o -type b | sort | xargs -r stat -c '%n %t %T' >>../$d.list); done"

static const struct lb_tree_limits any = {0};
static const struct lb_tree_pack_ask whole = {0};
static struct lb_tree_pack_report report;
static int add(struct lb_tree_pack *p, const char *name, const struct lb_tree_pack_ask *ask)
{
	int dir = open(name, O_RDONLY | O_DIRECTORY), rc;

	assert_true(dir >= 0);
	rc = lb_tree_pack_add(p, dir, ask);
	assert_int_equal(close(dir), 0);
	return rc;
}

static int pack(const struct lb_tree_pack_ask *ask, const char *on_top)
{
	struct lb_tree_pack *p = NULL;
	int to = open("a.tar.gz", O_WRONLY | O_CREAT | O_TRUNC, 0644), rc;

	assert_true(to >= 0);
	rc = lb_tree_pack_begin(&p, to, &report);
	if (rc == 0)
		rc = add(p, "in", ask);
	if (rc == 0 && on_top)
		rc = add(p, on_top, &whole);
	if (rc == 0)
		rc = lb_tree_pack_end(p);
	lb_tree_pack_closep(&p);
	assert_int_equal(close(to), 0);
	return rc;
}

static void unpack(void)
{
	int archive = open("a.tar.gz", O_RDONLY), dir = open("out", O_RDONLY | O_DIRECTORY);
	struct lb_tree_report r;
	int rc = lb_tree_unpack(archive, dir, &any, &r);

	if (rc < 0)
		fail_msg("cannot be unpacked: %d, %s", rc, r.why);
	assert_int_equal(close(archive) | close(dir), 0);
	sh("mkdir tarred && tar --numeric-owner -C tarred -xpzf a.tar.gz");
}

/* What rescue mode 4, reflash and import ask before they take it. */
static void check(void)
{
	static uint8_t piece[65536];
	struct lb_tree_check c;
	size_t n;

	sh("gzip -dk a.tar.gz");
	CLEANUP(lb_file_closep) FILE *f = fopen("a.tar", "r");
	assert_non_null(f);
	assert_int_equal(lb_tree_check_begin(&c), 0);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		lb_tree_check_feed(&c, piece, n);
	if (lb_tree_check_end(&c) < 0)
		fail_msg("it %s", c.why);
}

static void pack__a_tree_of_all_kinds__comes_out_the_same_here_and_with_tar(void **state)
{
	sh("cd in && " FURNISH ": >\"a/$(printf 'latin \\344')\" && "
	   "ln -s $(printf 't%.0s' $(seq 150)) a/long-link && : >a/empty && " FURNISHED);
	assert_int_equal(pack(&whole, NULL), 0);
	assert_true(report.entries == 18 && report.bytes == 3000006);
	unpack();
	sh(LIST);
	sh("diff in.list out.list && diff in.list tarred.list");
	sh("diff -r --no-dereference -x pipe in out && diff -r --no-dereference -x pipe in tarred");
}

/* The same value in both, or in neither. */
static void same_attribute(const char *name, const char *xattr, const void *value, size_t n)
{
	char in[64], out[64], seen[64];

	(void)snprintf(in, sizeof(in), "in/%s", name);
	(void)snprintf(out, sizeof(out), "out/%s", name);
	assert_true(getxattr(in, xattr, seen, sizeof(seen)) == (ssize_t)n &&
		    memcmp(seen, value, n) == 0);
	assert_int_equal(getxattr(out, xattr, seen, sizeof(seen)), n);
	assert_memory_equal(seen, value, n);
}

static void pack__owners_devices_and_attributes__come_out_the_same(void **state)
{
	static const uint8_t cap[20] = {1, 0, 0, 2, 0, 0x20};
	static const uint8_t acl[44] = {
		2, 0,	 0,    0,    1,	   0,	 6,    0, 0xff, 0xff, 0xff, 0xff, 2,	0,    4,
		0, 0xd2, 4,    0,    0,	   4,	 0,    4, 0,	0xff, 0xff, 0xff, 0xff, 0x10, 0,
		6, 0,	 0xff, 0xff, 0xff, 0xff, 0x20, 0, 0,	0,    0xff, 0xff, 0xff, 0xff};

	if (geteuid() != 0)
		skip();
	sh("cd in && mknod null c 1 3 && mknod disk b 259 70000 && : >f && chown 1234:4000000000 f && "
	   "chmod 6755 f && : >ping && mkdir d && ln -s nowhere l");
	if (setxattr("in/f", "user.note", "kept", 4, 0) < 0 ||
	    setxattr("in/ping", "security.capability", cap, sizeof(cap), 0) < 0 ||
	    setxattr("in/d", "system.posix_acl_access", acl, sizeof(acl), 0) < 0)
		skip(); /* a file system without them */
	assert_int_equal(setxattr("in/d", "user.none", "", 0, 0), 0);
	assert_int_equal(lsetxattr("in/l", "trusted.link", "x", 1, 0), 0);
	sh("find in -depth -exec touch -h -d '2020-02-02 02:02:02' {} +");
	assert_int_equal(pack(&whole, NULL), 0);
	unpack();
	sh(LIST);
	sh("diff in.list out.list && test \"$(stat -c '%t %T' out/disk)\" = '103 11170'");
	same_attribute("f", "user.note", "kept", 4);
	same_attribute("d", "user.none", "", 0);
	same_attribute("ping", "security.capability", cap, sizeof(cap));
	same_attribute("d", "system.posix_acl_access", acl, sizeof(acl));
	char link[1];
	assert_int_equal(lgetxattr("out/l", "trusted.link", link, 1), 1);
}

static void pack__holes__take_no_room_and_stay_holes(void **state)
{
	sh("truncate -s 9G in/large && echo end | dd of=in/large bs=1M seek=9000 conv=notrunc "
	   "status=none && truncate -s 5G in/nothing");
	assert_int_equal(pack(&whole, NULL), 0);
	sh("test $(stat -c %s a.tar.gz) -lt 100000");
	unpack();
	sh("for d in out tarred; do test $(stat -c %s $d/large) = 9663676416 && test $(stat -c %s "
	   "$d/nothing) = 5368709120 && test $(du -k $d/large | cut -f1) -lt 3000 && test \"$(dd "
	   "if=$d/large bs=1M skip=9000 count=1 status=none | head -c 4)\" = end || exit 1; done");
}

static bool skip_cache(void *ctx, const char *path)
{
	return strcmp(path, "./var/cache") == 0;
}

static void pack__left_out_and_put_on_top__are_as_asked(void **state)
{
	static const struct lb_tree_pack_ask ask = {.skip = skip_cache};

	sh("mkdir -p in/var/cache/deep in/etc top/etc && : >in/var/cache/deep/file && echo old "
	   ">in/etc/name && echo new >top/etc/name && echo kept >in/etc/other");
	assert_int_equal(pack(&ask, "top"), 0);
	unpack();
	sh("for d in out tarred; do test ! -e $d/var/cache && test -d $d/var && test \"$(cat "
	   "$d/etc/name)\" = new && test -e $d/etc/other || exit 1; done");
}

/* One name, a directory here and something else there: no medkit may hold both. */
static void pack__put_on_top_of_another_kind__is_what_a_medkit_may_hold(void **state)
{
	int on_top;

	sh("mkdir -p in/tmp in/opt/deep in/etc in/kept top/var/log top/etc/name top/kept && "
	   "ln -s tmp in/var && : >in/opt/deep/file && ln in/opt/deep/file in/twin && "
	   "echo old >in/etc/name && echo log >top/var/log/one && ln -s /srv top/opt && "
	   ": >in/kept/file");
	on_top = open("top", O_RDONLY | O_DIRECTORY);
	assert_true(on_top >= 0);
	const struct lb_tree_pack_ask ask = {.on_top = &on_top};
	assert_int_equal(pack(&ask, "top"), 0);
	assert_int_equal(close(on_top), 0);
	check();
	unpack();
	sh("for d in out tarred; do test \"$(cat $d/var/log/one)\" = log && test ! -L $d/var && "
	   "test \"$(readlink $d/opt)\" = /srv && test -d $d/etc/name && test -e $d/twin && "
	   "test -e $d/kept/file || exit 1; done");
}

static void pack__what_is_mounted_inside__is_an_empty_directory(void **state)
{
	if (geteuid() != 0)
		skip();
	sh("mkdir in/mounted && mount -t tmpfs none in/mounted && : >in/mounted/file");
	int rc = pack(&whole, NULL);
	sh("umount in/mounted");
	assert_int_equal(rc, 0);
	unpack();
	sh("test -d out/mounted && test ! -e out/mounted/file");
}

static void told_that_there_is_no_room(void)
{
	struct lb_tree_pack *p = NULL;
	int to = open("/dev/full", O_WRONLY), rc;

	assert_int_equal(lb_tree_pack_begin(&p, to, &report), 0);
	rc = add(p, "in", &whole);
	if (rc == 0)
		rc = lb_tree_pack_end(p);
	lb_tree_pack_closep(&p);
	assert_int_equal(close(to), 0);
	assert_int_equal(rc, LB_E(NOSPC));
	assert_non_null(strstr(report.why, "the archive cannot be written"));
}

static void pack__no_room_for_the_archive__is_told(void **state)
{
	told_that_there_is_no_room(); /* all of it is held back until the end */
	sh("head -c 3000000 /dev/urandom >in/large");
	told_that_there_is_no_room();
}

/* Who reads it from a pipe has nothing else to tell him. */
static void pack__given_up_in_its_middle__is_no_whole_archive(void **state)
{
	struct lb_tree_pack *p = NULL;
	int to = open("a.tar.gz", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(to >= 0);
	sh("head -c 3000000 /dev/urandom >in/large && : >in/small");
	assert_int_equal(lb_tree_pack_begin(&p, to, &report), 0);
	assert_int_equal(add(p, "in", &whole), 0);
	lb_tree_pack_closep(&p);
	assert_int_equal(close(to), 0);
	sh("! gzip -t a.tar.gz 2>/dev/null");
}

#define in_top(f) cmocka_unit_test_setup_teardown(f, make_top, remove_top)

TESTS(in_top(pack__a_tree_of_all_kinds__comes_out_the_same_here_and_with_tar),
      in_top(pack__owners_devices_and_attributes__come_out_the_same),
      in_top(pack__holes__take_no_room_and_stay_holes),
      in_top(pack__left_out_and_put_on_top__are_as_asked),
      in_top(pack__put_on_top_of_another_kind__is_what_a_medkit_may_hold),
      in_top(pack__what_is_mounted_inside__is_an_empty_directory),
      in_top(pack__no_room_for_the_archive__is_told),
      in_top(pack__given_up_in_its_middle__is_no_whole_archive))
