/* The stick on real files: which of several devices is meant, its marks, and what a reset takes. */
#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/files/files.h"
#include "plat/linux/files/tree.h"
#include "plat/linux/storage/extrootdev.h"

static char top[] = "/tmp/lifeboat-extroot-XXXXXX";
static const struct lb_blockdev_roots roots = {.sys = "sys", .dev = "dev"};
static bool have_mkfs;

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int start(void **state)
{
	have_mkfs = system("PATH=$PATH:/sbin:/usr/sbin; command -v mke2fs >/dev/null") == 0;
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int stop(void **state)
{
	struct lb_tree_count count;

	if (chdir("/") < 0)
		return -1;
	return lb_tree_delete(top, NULL, &count) == 0 && rmdir(top) == 0 ? 0 : -1;
}

static int find(struct lb_extroot_want want, const char *but, char path[LB_PATH_MAX])
{
	struct lb_extroot_device d = {.path = "untouched"};
	int rc = lb_extrootdev_find(&d, &want, but, &roots);

	(void)strcpy(path, d.path);
	return rc;
}

#define UUID_A "5a1f7c1e-6d0f-4f6a-9a6e-0d7a3c1b2e4f"
#define UUID_B "6a1f7c1e-6d0f-4f6a-9a6e-0d7a3c1b2e4f"

static void find__several_devices__the_one_that_is_meant_or_none(void **state)
{
	char path[LB_PATH_MAX];

	if (!have_mkfs)
		skip();
	run("mkdir -p dev sys/class/block && cd sys/class/block && mkdir sda sda1 sdb loop0 vda2 sdx "
	    "&& cd ../../../dev && truncate -s 1M sda1 sdb loop0 vda2 && touch sda && "
	    "PATH=$PATH:/sbin:/usr/sbin && mke2fs -q -L one -U " UUID_A " sda1 && "
	    "mke2fs -q -L same -U " UUID_B " sdb && cp sda1 loop0 && cp sdb vda2");
	assert_int_equal(find((struct lb_extroot_want){.uuid = UUID_A}, "", path), 0);
	assert_string_equal(path, "dev/sda1"); /* the loop device has the same */
	assert_int_equal(find((struct lb_extroot_want){.label = "one"}, "", path), 0);
	assert_string_equal(path, "dev/sda1");
	assert_int_equal(find((struct lb_extroot_want){.label = "same"}, "", path), LB_E(EXIST));
	assert_int_equal(find((struct lb_extroot_want){.label = "same"}, "dev/vda2", path), 0);
	assert_string_equal(path, "dev/sdb");
	assert_int_equal(find((struct lb_extroot_want){.device = "dev/sdb"}, "", path), 0);
	assert_int_equal(find((struct lb_extroot_want){.label = "two"}, "", path), LB_E(NOENT));
	assert_string_equal(path, "untouched");
}

static void marks__written_and_read__the_same(void **state)
{
	struct lb_extroot_marks in = {.root = "11-22", .board = "a,b 7"}, out;

	assert_int_equal(mkdir("stick", 0755), 0);
	lb_extrootdev_marks_read(&out, "stick");
	assert_true(!out.bypass && !out.root[0] && !out.board[0]);
	assert_int_equal(lb_extrootdev_marks_write("stick", &in), 0);
	lb_extrootdev_marks_read(&out, "stick");
	assert_string_equal(out.root, in.root);
	assert_string_equal(out.board, in.board);
	assert_false(out.bypass);
	run("touch stick/etc/.extroot-default");
	lb_extrootdev_marks_read(&out, "stick");
	assert_true(out.bypass);
}

static void marks__not_files_or_too_long__are_nobodys_and_nothing_hangs(void **state)
{
	struct lb_extroot_marks out;

	run("mkdir -p odd/etc && cd odd/etc && mkfifo .extroot-uuid && ln -s /etc/hostname .extroot-board");
	lb_extrootdev_marks_read(&out, "odd");
	assert_string_equal(out.root, "?");
	assert_string_equal(out.board, "?");
	run("cd odd/etc && rm .extroot-* && printf %0200d 0 >.extroot-uuid");
	lb_extrootdev_marks_read(&out, "odd");
	assert_string_equal(out.root, "?");
	assert_string_equal(out.board, "");
	run("rm -r odd/etc && ln -s /etc odd/etc");
	lb_extrootdev_marks_read(&out, "odd");
	assert_string_equal(out.root, "");
	assert_int_equal(lb_extrootdev_marks_write("odd", &out), LB_E(EXIST));
}

static void init__there_and_not_there__is_told(void **state)
{
	run("mkdir -p r/sbin r/bin && echo x >r/bin/busybox && chmod 755 r/bin/busybox && "
	    "ln -s /bin/busybox r/sbin/init && echo x >r/sbin/text && : >r/sbin/empty && chmod 755 "
	    "r/sbin/empty");
	assert_true(lb_extrootdev_has_init("r", "/sbin/init"));
	assert_false(lb_extrootdev_has_init("r", "/sbin/none") ||
		     lb_extrootdev_has_init("r", "/sbin") ||
		     lb_extrootdev_has_init("r", "/sbin/text") ||
		     lb_extrootdev_has_init("r", "/sbin/empty"));
	assert_int_equal(lb_extrootdev_make_mount_points("r"), 0);
	assert_int_equal(lb_extrootdev_make_mount_points("r"), 0);
	assert_int_equal(access("r/rom", F_OK) | access("r/proc", F_OK), 0);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

#define WORK_OF_STICK "s/work"

static void reset__stick_and_internal__ours_goes_and_the_owners_files_stay(void **state)
{
	struct lb_extrootdev pair = {.dir = "s", .internal = "i"};
	struct plat_extroot p = lb_extrootdev_plat(&pair);
	struct lb_extroot_marks mine = {.root = "1", .board = "b"};
	uint64_t entries;

	run("mkdir -p s/upper/etc " WORK_OF_STICK "/inner s/etc s/photos i/upper/etc i/work && "
	    "touch s/upper/etc/x s/upper/.y s/etc/hosts s/photos/z s/.mine i/upper/etc/x");
	assert_int_equal(lb_extrootdev_marks_write("s", &mine), 0);
	assert_int_equal(p.internal_knows(p.ctx), 0);
	assert_int_equal(lb_extrootdev_note("i", UUID_A), 0);
	assert_int_equal(lb_extrootdev_note("i", UUID_A), 0);
	assert_int_equal(p.internal_knows(p.ctx), 1);
	assert_int_equal(p.state_write(p.ctx, LB_FS_STATE_RESET_ALL), 0);
	assert_int_equal(p.state_read(p.ctx), LB_FS_STATE_RESET_ALL);
	assert_int_equal(p.remove(p.ctx, &entries), 0);
	assert_int_equal(entries, 4);
	assert_false(is_there("s/upper/etc") || is_there("s/upper/.y") ||
		     is_there(WORK_OF_STICK "/inner") || is_there("s/etc/.extroot-uuid") ||
		     is_there("s/etc/.extroot-board"));
	assert_true(is_there("s/photos/z") && is_there("s/etc/hosts") && is_there("s/.mine"));
	assert_int_equal(p.state_read(p.ctx), LB_FS_STATE_RESET_ALL);
	assert_int_equal(p.state_write(p.ctx, LB_FS_STATE_UNKNOWN), 0);
	assert_int_equal(p.state_write(p.ctx, LB_FS_STATE_UNKNOWN), 0);
	assert_false(is_there("s/.fs_state"));
	assert_int_equal(p.reset_internal(p.ctx), 0);
	assert_int_equal(p.internal_knows(p.ctx), 0);
	assert_false(is_there("i/upper/etc"));
	assert_true(is_there("i/.fs_state"));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(find__several_devices__the_one_that_is_meant_or_none),
		unit(marks__written_and_read__the_same),
		unit(marks__not_files_or_too_long__are_nobodys_and_nothing_hangs),
		unit(init__there_and_not_there__is_told),
		unit(reset__stick_and_internal__ours_goes_and_the_owners_files_stay),
	};

	return cmocka_run_group_tests(all, start, stop);
}
