/* Emptying an overlay, on a real ext4: whiteouts, opaque directories, immutable files. Needs root
 * and a loop device; skipped without. */
#include "tests/t.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "plat/linux/files/mounts.h"
#include "plat/linux/files/tree.h"
#include "plat/linux/storage/overlayfs.h"

static char top[] = "/tmp/lifeboat-overlay-XXXXXX";
static bool have_ext4;

static int start(void **state)
{
	char command[256];

	if (!mkdtemp(top))
		return -1;
	(void)snprintf(
		command, sizeof(command),
		"exec 2>/dev/null; PATH=$PATH:/sbin:/usr/sbin; cd %s && truncate -s 8M image && "
		"mkfs.ext4 -q image && mkdir o && mount -o loop image o",
		top);
	have_ext4 = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && system(command) == 0;
	return 0;
}

static int stop(void **state)
{
	struct lb_tree_count count;

	if (chdir("/") < 0 || (have_ext4 && system("umount /tmp/lifeboat-overlay-*/o") != 0))
		return -1;
	return lb_tree_delete(top, NULL, &count) == 0 && rmdir(top) == 0 ? 0 : -1;
}

static void need_ext4(void)
{
	char path[64];

	if (!have_ext4) {
		print_message("no ext4 can be mounted here: root and a loop device are needed\n");
		skip();
	}
	(void)snprintf(path, sizeof(path), "%s/o", top);
	assert_int_equal(chdir(path), 0);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void set_flag(const char *path, int flag)
{
	int fd = open(path, O_RDONLY), flags;

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
	flags |= flag;
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	assert_int_equal(close(fd), 0);
}

/* 12 entries below upper and beside it that a reset has to delete. */
static void make_overlay(void)
{
	assert_int_equal(mkdir("upper", 0755) | mkdir("work", 0755) | mkdir("work/work", 0), 0);
	assert_int_equal(symlink("2", ".fs_state"), 0);
	assert_int_equal(mkdir("upper/.hid", 0755), 0);
	make_file("upper/.hid/.f");
	assert_int_equal(mknod("upper/whiteout", S_IFCHR, makedev(0, 0)), 0);
	assert_int_equal(mkdir("upper/opaque", 0755), 0);
	assert_int_equal(setxattr("upper/opaque", "trusted.overlay.opaque", "y", 1, 0), 0);
	assert_int_equal(mkdir("upper/locked", 0755), 0);
	make_file("upper/locked/immutable");
	make_file("upper/locked/log");
	set_flag("upper/locked/immutable", FS_IMMUTABLE_FL);
	set_flag("upper/locked/log", FS_APPEND_FL);
	set_flag("upper/locked", FS_IMMUTABLE_FL);
	assert_int_equal(mkdir("stray", 0755), 0);
	make_file("stray/.file");
	set_flag("stray", FS_IMMUTABLE_FL);
	make_file("upper/sysupgrade.tgz");
}

static void assert_kept(bool archive)
{
	assert_int_equal(access("upper/sysupgrade.tgz", F_OK), archive ? 0 : -1);
	assert_int_equal(unlink("upper/sysupgrade.tgz"), archive ? 0 : -1);
	/* rmdir() of a directory that is not empty fails: the kernel is the judge. */
	assert_int_equal(rmdir("upper") | rmdir("work"), 0);
	assert_int_equal(access("stray", F_OK), -1);
	assert_int_equal(unlink(".fs_state"), 0);
}

static void remove__everything_an_overlay_can_hold__is_gone_but_its_state(void **state)
{
	uint64_t entries = 0;

	need_ext4();
	make_overlay();
	assert_int_equal(lb_overlayfs_remove(".", false, &entries), 0);
	assert_int_equal(entries, 11);
	assert_kept(false);
}

static void remove__keeping_the_archive__it_alone_stays(void **state)
{
	uint64_t entries = 0;

	need_ext4();
	make_overlay();
	make_file("sysupgrade.tgz");
	assert_int_equal(lb_overlayfs_remove(".", true, &entries), 0);
	assert_int_equal(entries, 10);
	assert_int_equal(unlink("sysupgrade.tgz"), 0);
	assert_kept(true);
}

/* An immutable directory deeper than any walk goes at once: moved up first. */
static void delete__immutable_and_too_deep__ends_and_is_gone(void **state)
{
	struct lb_tree_count count;
	char path[600] = "deep";

	need_ext4();
	assert_int_equal(mkdir(path, 0700), 0);
	for (int i = 0; i < 140; i++) {
		(void)strcat(path, "/d");
		assert_int_equal(mkdir(path, 0700), 0);
	}
	for (size_t n = strlen(path); n > 240; n -= 2) {
		path[n] = '\0';
		set_flag(path, FS_IMMUTABLE_FL);
	}
	assert_int_equal(lb_tree_delete("deep", NULL, &count), 0);
	assert_int_equal(count.entries, 140);
	assert_int_equal(rmdir("deep"), 0);
}

/* As the kernel leaves it after an I/O error: the file system is read-only, the mount is not. */
static void mount__file_system_read_only_and_mount_not__counts_as_read_only(void **state)
{
	char where[64];
	struct lb_mount m;

	need_ext4();
	assert_true(getcwd(where, sizeof(where)) && chdir("/") == 0);
	assert_int_equal(lb_mount_at(&m, where), 0);
	assert_false(m.readonly);
	assert_int_equal(mount(NULL, where, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(mount(NULL, where, NULL, MS_REMOUNT | MS_BIND, NULL), 0);
	assert_int_equal(lb_mount_at(&m, where), 0);
	assert_true(m.readonly);
	assert_int_equal(mount(NULL, where, NULL, MS_REMOUNT, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(remove__everything_an_overlay_can_hold__is_gone_but_its_state),
		unit(remove__keeping_the_archive__it_alone_stays),
		unit(delete__immutable_and_too_deep__ends_and_is_gone),
		unit(mount__file_system_read_only_and_mount_not__counts_as_read_only),
	};

	return cmocka_run_group_tests(all, start, stop);
}
