/* The restore into a real folder. */
#include "tests/t.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/files/tree.h"
#include "plat/linux/storage/settingsdir.h"
#include "store/settings.h"
#include "tests/settings_archive.h"
#include "tests/silent.h"

static char top[] = "/tmp/lifeboat-settings-XXXXXX";
static char beside[64], staged[64];
static struct sa archive;
static struct lb_settings_report report;

static const struct sa_member members[] = {
	{LB_MEMBER_DIR, "etc/dropbear", "", 0700, 0, 0},
	{LB_MEMBER_FILE, "etc/dropbear/key", "secret key", 0400, 0, 0},
	{LB_MEMBER_FILE, "etc/network", "mine\n", 0644, 0, 0},
	{LB_MEMBER_LINK, "etc/resolv.conf", "/tmp/resolv.conf", 0777, 0, 0},
	{LB_MEMBER_FILE, "srv/deep/er/tool", "x", 04755, 0, 0},
	{LB_MEMBER_FILE, "etc/passwd", "root:x", 0644, 0, 0},
	{LB_MEMBER_HARDLINK, "etc/again", "etc/network", 0644, 0, 0},
};

static char *in_top(const char *path)
{
	static char out[4][256];
	static unsigned turn;

	turn = (turn + 1) % 4;
	(void)snprintf(out[turn], sizeof(out[turn]), "%s/%s", top, path);
	return out[turn];
}

static void put(const char *path, const void *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	assert_int_equal(close(fd), 0);
}

static int start(void **state)
{
	silence_log();
	(void)strcpy(top + sizeof(top) - 7, "XXXXXX");
	if (!mkdtemp(top))
		return -1;
	assert_int_equal(mkdir(in_top("root"), 0755) | mkdir(in_top("root/etc"), 0755) |
				 mkdir(in_top("rom"), 0755) | mkdir(in_top("rom/etc"), 0755) |
				 mkdir(in_top("overlay"), 0755),
			 0);
	put(in_top("root/etc/network"), "of the ROM", 10);
	put(in_top("rom/etc/passwd"), "root:y\nntp:z\n", 13);
	(void)strcpy(beside, in_top("overlay/sysupgrade.tgz"));
	(void)strcpy(staged, in_top("root/sysupgrade.tgz"));
	sa_plain(&archive, members, COUNT(members), 2);
	return 0;
}

static int finish(void **state)
{
	struct lb_tree_count count;

	return lb_tree_delete(top, NULL, &count) == 0 && rmdir(top) == 0 ? 0 : -1;
}

/* 0, or what finding the archive said. */
static int restore(void)
{
	const char *const places[LB_SETTINGS_PLACES] = {beside, staged};
	struct lb_settingsdir dir;
	int rc = lb_settingsdir_open(&dir, in_top("root"), in_top("rom"), places);

	if (rc == 0) {
		const struct plat_settings p = lb_settingsdir_plat(&dir);

		lb_settings_restore(&p, "a,b", &report);
	}
	lb_settingsdir_closep(&dir);
	return rc;
}

static void assert_file(const char *path, const char *text, mode_t mode)
{
	char got[256] = "";
	struct stat st;
	int fd = open(in_top(path), O_RDONLY | O_NOFOLLOW);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_mtime, 1700000000);
	assert_int_equal(close(fd), 0);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip(); /* owners are set */
}

static void restore__archive_beside_the_root__all_is_there_with_owner_mode_and_time(void **state)
{
	char target[64] = "";
	struct stat one, two;

	need_root();
	put(beside, archive.bytes, archive.n);
	assert_int_equal(restore(), 0);
	assert_int_equal(report.outcome, LB_SETTINGS_RESTORED);
	assert_file("root/etc/dropbear/key", "secret key", 0400);
	assert_file("root/etc/network", "mine\n", 0644);
	assert_file("root/srv/deep/er/tool", "x", 04755);
	assert_file("root/etc/passwd", "root:x\nntp:z\n", 0644);
	assert_int_equal(readlink(in_top("root/etc/resolv.conf"), target, sizeof(target)), 16);
	assert_string_equal(target, "/tmp/resolv.conf");
	assert_int_equal(stat(in_top("root/etc/dropbear"), &one), 0);
	assert_int_equal(one.st_mode & 07777, 0700);
	assert_int_equal(stat(in_top("root/etc/network"), &one), 0);
	assert_int_equal(stat(in_top("root/etc/again"), &two), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	assert_false(exists(beside) || exists(in_top("root/" LB_SETTINGS_STAGE)));
}

/* As on a router: a read-only tree below, the overlay's own file system above. */
static bool mount_overlay(void)
{
	char options[1024];

	(void)snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
		       in_top("lower"), in_top("overlay/upper"), in_top("overlay/work"));
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", in_top("overlay"), "tmpfs", 0, NULL) == 0 &&
	       mkdir(in_top("overlay/upper"), 0755) == 0 &&
	       mkdir(in_top("overlay/work"), 0755) == 0 &&
	       rename(in_top("root"), in_top("lower")) == 0 && mkdir(in_top("root"), 0755) == 0 &&
	       mount("overlay", in_top("root"), "overlay", 0, options) == 0;
}

static void unmount_overlay(void)
{
	(void)umount2(in_top("root"), MNT_DETACH);
	(void)umount2(in_top("overlay"), MNT_DETACH);
}

static void restore__root_is_an_overlay__goes_into_the_upper_tree(void **state)
{
	struct stat one, two;

	if (!mount_overlay()) {
		unmount_overlay();
		skip(); /* not root, or a kernel without overlayfs */
	}
	put(beside, archive.bytes, archive.n);
	assert_int_equal(restore(), 0);
	if (report.outcome != LB_SETTINGS_RESTORED)
		fail_msg("%s", report.why);
	assert_file("root/etc/network", "mine\n", 0644);
	assert_file("overlay/upper/etc/network", "mine\n", 0644);
	assert_file("overlay/upper/srv/deep/er/tool", "x", 04755);
	assert_file("root/etc/passwd", "root:x\nntp:z\n", 0644);
	assert_int_equal(stat(in_top("overlay/upper/etc/network"), &one), 0);
	assert_int_equal(stat(in_top("overlay/upper/etc/again"), &two), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	assert_false(exists(beside) || exists(in_top("root/" LB_SETTINGS_STAGE)) ||
		     exists(in_top("overlay/upper/" LB_SETTINGS_STAGE)));
	unmount_overlay();
}

static void restore__two_archives__the_one_beside_counts_and_both_are_gone(void **state)
{
	need_root();
	put(staged, "not an archive", 14);
	put(beside, archive.bytes, archive.n);
	assert_int_equal(restore(), 0);
	assert_int_equal(report.outcome, LB_SETTINGS_RESTORED);
	assert_false(exists(beside) || exists(staged));
}

static void restore__damaged__is_set_aside_and_nothing_else_changes(void **state)
{
	archive.bytes[archive.n / 2] ^= 1;
	put(staged, archive.bytes, archive.n);
	assert_int_equal(restore(), 0);
	assert_int_equal(report.outcome, LB_SETTINGS_DAMAGED);
	assert_true(exists(in_top("root/sysupgrade.tgz.damaged")));
	assert_false(exists(staged) || exists(in_top("root/etc/dropbear")) ||
		     exists(in_top("root/" LB_SETTINGS_STAGE)));
	assert_int_equal(restore(), LB_E(NOENT));
}

static void restore__through_a_link_or_a_file__is_refused(void **state)
{
	static const struct sa_member below[] = {{LB_MEMBER_FILE, "var/x", "", 0600, 0, 0},
						 {LB_MEMBER_FILE, "etc/network/x", "", 0600, 0, 0},
						 {LB_MEMBER_FILE, "var/a/b", "", 0600, 0, 0},
						 {LB_MEMBER_DIR, "var", "", 0755, 0, 0},
						 {LB_MEMBER_FILE, "lib/x", "", 0600, 0, 0},
						 {LB_MEMBER_FILE, "etc", "", 0600, 0, 0}};

	assert_int_equal(symlink(top, in_top("root/var")) | symlink("etc", in_top("root/lib")), 0);
	for (size_t i = 0; i < COUNT(below); i++) {
		sa_plain(&archive, &below[i], 1, 2);
		put(staged, archive.bytes, archive.n);
		assert_int_equal(restore(), 0);
		assert_int_equal(report.outcome, LB_SETTINGS_REFUSED);
		assert_true(exists(in_top("root/sysupgrade.tgz.refused")));
		assert_false(exists(in_top("x")) || exists(in_top("a")));
	}
}

static void restore__staging_left_by_a_cut__is_replaced(void **state)
{
	need_root();
	assert_int_equal(mkdir(in_top("root/" LB_SETTINGS_STAGE), 0700), 0);
	put(in_top("root/" LB_SETTINGS_STAGE "/0"), "half", 4);
	put(in_top("root/" LB_SETTINGS_STAGE "/77"), "half", 4);
	put(staged, archive.bytes, archive.n);
	assert_int_equal(restore(), 0);
	assert_int_equal(report.outcome, LB_SETTINGS_RESTORED);
	assert_false(exists(in_top("root/" LB_SETTINGS_STAGE)));
}

static void find__no_archive_or_no_file__is_told(void **state)
{
	assert_int_equal(restore(), LB_E(NOENT));
	assert_int_equal(mkdir(staged, 0755), 0);
	assert_int_equal(restore(), LB_E(FORMAT));
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, start, finish)

TESTS(fresh(restore__archive_beside_the_root__all_is_there_with_owner_mode_and_time),
      fresh(restore__root_is_an_overlay__goes_into_the_upper_tree),
      fresh(restore__two_archives__the_one_beside_counts_and_both_are_gone),
      fresh(restore__damaged__is_set_aside_and_nothing_else_changes),
      fresh(restore__through_a_link_or_a_file__is_refused),
      fresh(restore__staging_left_by_a_cut__is_replaced),
      fresh(find__no_archive_or_no_file__is_told))
