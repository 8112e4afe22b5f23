#include "tests/t.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "install/tree.h"
#include "tests/unit/tree_top.h"

static const struct lb_tree_limits any = {0};
static int unpack_with(const struct lb_tree_limits *limits, struct lb_tree_report *r)
{
	int archive = open("a.tar.gz", O_RDONLY), dir = open("out", O_RDONLY | O_DIRECTORY), rc;

	assert_true(archive >= 0 && dir >= 0);
	rc = lb_tree_unpack(archive, dir, limits, r);
	assert_int_equal(close(archive) | close(dir), 0);
	return rc;
}

static int unpack(struct lb_tree_report *r)
{
	return unpack_with(&any, r);
}

static void unpack__a_tree_of_all_kinds__is_as_packed(void **state)
{
	struct lb_tree_report r;

	sh("cd in && " FURNISH ": >a/$(printf 'n%.0s' $(seq 200)) && " FURNISHED
	   " && tar --format=pax -czf ../a.tar.gz .");
	assert_int_equal(unpack(&r), 0);
	sh("for d in in out; do (cd $d && find . -printf '%p %y %m %U %G %s %n %l %T@\\n' | "
	   "awk '$2==\"d\"{$6=0}1' | sort >../$d.list); done; diff in.list out.list && diff -r "
	   "--no-dereference -x pipe in out");
	assert_true(r.entries > 12 && r.bytes > 3000000);
}

static void unpack__the_older_form_of_tar__is_taken_as_well(void **state)
{
	struct lb_tree_report r;

	sh("cd in && mkdir -p usr/lib && : >usr/lib/$(printf 'n%.0s' $(seq 180)) && "
	   "tar --format=gnu -czf ../a.tar.gz .");
	assert_int_equal(unpack(&r), 0);
	sh("diff -r in out");
}

static void unpack__extended_attributes__are_kept(void **state)
{
	struct lb_tree_report r;
	char value[8] = "";

	sh(": >in/file");
	if (setxattr("in/file", "user.note", "kept", 5, 0) < 0)
		skip(); /* a file system without them */
	sh("tar --xattrs --format=pax -C in -czf a.tar.gz .");
	assert_int_equal(unpack(&r), 0);
	assert_int_equal(getxattr("out/file", "user.note", value, sizeof(value)), 5);
	assert_string_equal(value, "kept");
}

static void unpack__owners_and_devices__are_as_packed(void **state)
{
	struct lb_tree_report r;

	if (geteuid() != 0)
		skip();
	sh("cd in && mknod null c 1 3 && : >f && chown 1234:5678 f && chmod 6755 f && "
	   "tar --numeric-owner -czf ../a.tar.gz .");
	assert_int_equal(unpack(&r), 0);
	sh("test \"$(stat -c '%u %g %a' out/f)\" = '1234 5678 6755'");
	sh("test \"$(stat -c '%t %T %F' out/null)\" = '1 3 character special file'");
}

static void refused(int want, const char *archive, const char *words)
{
	struct lb_tree_report r;

	sh(archive);
	assert_int_equal(unpack(&r), want);
	if (!strstr(r.why, words))
		fail_msg("'%s' does not say '%s'", r.why, words);
	assert_int_not_equal(access("escaped", F_OK), 0);
}

static void unpack__dots_in_a_name__are_refused(void **state)
{
	refused(LB_E(AUTH), ": >escaped && tar -C in -P -czf a.tar.gz ../escaped && rm escaped",
		"leads elsewhere");
}

static void unpack__a_file_behind_a_link_of_the_archive__is_refused(void **state)
{
	refused(LB_E(AUTH),
		"ln -s .. in/d && tar -C in -cf a.tar d && rm in/d && mkdir in/d && : >in/d/escaped && "
		"tar -C in -rf a.tar d/escaped && gzip a.tar",
		"behind a link");
}

static void unpack__a_hard_link_to_elsewhere__is_refused(void **state)
{
	refused(LB_E(AUTH),
		": >x && ln x in/y && tar -P -cf a.tar --transform='s,^x,../x,' x && "
		"tar -P -C in -czf a.tar.gz --transform='s,^\\.,..,' . ; "
		"mkdir k && : >k/a && ln k/a k/b && "
		"tar -P -C k -cf - --transform='flags=h;s,^a,../../etc/passwd,' a b | gzip >a.tar.gz",
		"leads elsewhere");
}

static void unpack__any_byte_wrong_or_missing__is_refused_or_the_same(void **state)
{
	struct lb_tree_report r;
	struct stat st;

	sh("echo some text >in/a && echo other text >in/b && tar -C in -czf whole.tar.gz .");
	assert_int_equal(stat("whole.tar.gz", &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		char command[160];
		unsigned char c;
		int fd;

		(void)snprintf(command, sizeof(command),
			       "rm -rf out && mkdir out && head -c %lld whole.tar.gz >a.tar.gz",
			       (long long)at);
		sh(command);
		assert_true(unpack(&r) < 0);
		sh("rm -rf out && mkdir out && cp whole.tar.gz a.tar.gz");
		fd = open("a.tar.gz", O_RDWR);
		assert_int_equal(pread(fd, &c, 1, at), 1);
		c ^= 0x10;
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
		assert_int_equal(close(fd), 0);
		/* Time and system have no sum, and some bits can be written in two ways. */
		if (unpack(&r) == 0)
			sh("diff -r in out");
		else
			assert_true(strlen(r.why) > 0);
	}
}

static void unpack__tar_without_its_end_mark__is_cut_short(void **state)
{
	refused(LB_E(TRUNC),
		"echo a >in/a && tar -C in -cf a.tar a && head -c 1024 a.tar | gzip >a.tar.gz",
		"ends early");
}

static void unpack__something_behind_the_tar__is_refused(void **state)
{
	refused(LB_E(FORMAT),
		"echo a >in/a && tar -C in -cf a.tar a && echo more >>a.tar && gzip a.tar",
		"is not in the expected format");
}

static void unpack__more_than_the_limits__ends_there(void **state)
{
	const struct lb_tree_limits bytes = {.max_bytes = 1000}, entries = {.max_entries = 2};
	struct lb_tree_report r;

	sh("head -c 5000 /dev/zero >in/a && : >in/b && tar -C in -czf a.tar.gz .");
	assert_int_equal(unpack_with(&bytes, &r), LB_E(RANGE));
	sh("rm -rf out && mkdir out");
	assert_int_equal(unpack_with(&entries, &r), LB_E(RANGE));
}

static void unpack__more_than_there_is_room_for__says_so(void **state)
{
	struct lb_tree_report r;
	int rc;

	if (system("mount -t tmpfs -o size=64k none out 2>/dev/null") != 0)
		skip(); /* mounting takes root */
	sh("head -c 3000000 /dev/urandom >in/a && tar -C in -czf a.tar.gz .");
	rc = unpack(&r);
	sh("umount out");
	assert_int_equal(rc, LB_E(NOSPC));
}

#define in_top(f) cmocka_unit_test_setup_teardown(f, make_top, remove_top)

TESTS(in_top(unpack__a_tree_of_all_kinds__is_as_packed),
      in_top(unpack__the_older_form_of_tar__is_taken_as_well),
      in_top(unpack__extended_attributes__are_kept),
      in_top(unpack__owners_and_devices__are_as_packed),
      in_top(unpack__dots_in_a_name__are_refused),
      in_top(unpack__a_file_behind_a_link_of_the_archive__is_refused),
      in_top(unpack__a_hard_link_to_elsewhere__is_refused),
      in_top(unpack__any_byte_wrong_or_missing__is_refused_or_the_same),
      in_top(unpack__tar_without_its_end_mark__is_cut_short),
      in_top(unpack__something_behind_the_tar__is_refused),
      in_top(unpack__more_than_the_limits__ends_there),
      in_top(unpack__more_than_there_is_room_for__says_so))
