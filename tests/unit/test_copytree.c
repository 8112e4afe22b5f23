/* An overlay's upper directory copied while it changes, on real file systems: tmpfs as in a router,
 * and a mounted overlay for the last pass. Needs root; skipped without. */
#include "tests/t.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/copytree.h"

static bool may;
static struct lb_copytree copy;
static int limit; /* entries until go_on() says no; -1 = never */

static int make_place(void **state)
{
	(void)umask(0);
	may = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return 0;
}

static int go_on(void *ctx)
{
	if (limit == 0)
		return LB_E(STATE);
	limit -= limit > 0;
	return 0;
}

/* rom: what the overlay lies over; ram: where the system writes; flash: where it is to go. */
static int start(void **state)
{
	static const char *const dirs[] = {"rom",	"rom/etc",    "ram",
					   "ram/upper", "ram/work",   "flash",
					   "flash/new", "flash/tree", "root"};

	copy = (struct lb_copytree)LB_COPYTREE_CLOSED;
	limit = -1;
	if (!may)
		return 0;
	if (mount("tmpfs", "/mnt", "tmpfs", 0, "size=16m") < 0 || chdir("/mnt") < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdir(dirs[i], 0755) < 0)
			return -1;
	if (lb_copytree_open(&copy, "ram/upper", "flash/new") < 0)
		return -1;
	copy.go_on = go_on;
	return 0;
}

static int stop(void **state)
{
	lb_copytree_closep(&copy);
	if (!may)
		return 0;
	if (chdir("/") < 0)
		return -1;
	(void)umount2("/mnt/root", MNT_DETACH);
	return umount2("/mnt", MNT_DETACH);
}

static void need_root(void)
{
	if (!may)
		skip(); /* only root can do this */
}

static void write_file(const char *path, const char *text)
{
	CLEANUP(lb_fd_closep)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void assert_file(const char *path, const char *text)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW);
	char found[256];
	ssize_t n;

	if (fd < 0)
		fail_msg("%s is not there", path);
	n = read(fd, found, sizeof(found) - 1);
	assert_true(n >= 0);
	found[n] = '\0';
	assert_string_equal(found, text);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static struct stat look(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		fail_msg("%s is not there", path);
	return st;
}

static void whiteout(const char *path)
{
	assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
}

static void opaque(const char *path)
{
	assert_int_equal(mkdir(path, 0711), 0);
	assert_int_equal(setxattr(path, "trusted.overlay.opaque", "y", 1, 0), 0);
}

/* Passes until nothing changes any more: what was written this very moment is copied twice. */
static void settle(void)
{
	const struct timespec tick = {.tv_nsec = 25 * 1000000};

	for (int i = 0; i < 4; i++) {
		assert_int_equal(lb_copytree_pass(&copy), 0);
		if (copy.changes == 0)
			return;
		(void)nanosleep(&tick, NULL);
	}
	fail_msg("the copy does not come to an end");
}

static void make_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	CLEANUP(lb_fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)strcpy(a.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

static void copy__everything_an_overlay_can_hold__is_there_as_it_was(void **state)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
	char value[8] = "";

	need_root();
	write_file("ram/upper/...", "dots");
	write_file("ram/upper/-rf\n", "");
	assert_int_equal(mkdir("ram/upper/.hid", 0), 0);
	write_file("ram/upper/.hid/.f", "hidden");
	whiteout("ram/upper/gone");
	opaque("ram/upper/www");
	assert_int_equal(symlink("nowhere", "ram/upper/link"), 0);
	assert_int_equal(lchown("ram/upper/link", 12, 34), 0);
	assert_int_equal(mknod("ram/upper/tty", S_IFCHR | 0620, makedev(4, 1)), 0);
	assert_int_equal(mkfifo("ram/upper/fifo", 0600), 0);
	make_socket("ram/upper/socket");
	write_file("ram/upper/su", "suid");
	assert_int_equal(chown("ram/upper/su", 7, 8), 0);
	assert_int_equal(chmod("ram/upper/su", 06751), 0);
	assert_int_equal(setxattr("ram/upper/su", "trusted.mine", "x", 1, 0), 0);
	assert_int_equal(chmod("ram/upper", 0751), 0);
	assert_int_equal(utimensat(AT_FDCWD, "ram/upper/su", old, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, "ram/upper/.hid", old, 0), 0);
	settle();
	assert_file("flash/new/...", "dots");
	assert_file("flash/new/-rf\n", "");
	assert_file("flash/new/.hid/.f", "hidden");
	assert_int_equal(look("flash/new/.hid").st_mode, S_IFDIR);
	assert_int_equal(look("flash/new/.hid").st_mtim.tv_sec, 2000);
	assert_int_equal(look("flash/new/gone").st_mode & S_IFMT, S_IFCHR);
	assert_int_equal(look("flash/new/gone").st_rdev, makedev(0, 0));
	assert_int_equal(getxattr("flash/new/www", "trusted.overlay.opaque", value, 8), 1);
	assert_int_equal(value[0], 'y');
	assert_int_equal(look("flash/new/www").st_mode & 07777, 0711);
	assert_int_equal(readlink("flash/new/link", value, 8), 7);
	assert_int_equal(look("flash/new/link").st_gid, 34);
	assert_int_equal(look("flash/new/tty").st_rdev, makedev(4, 1));
	assert_int_equal(look("flash/new/tty").st_mode, S_IFCHR | 0620);
	assert_int_equal(look("flash/new/fifo").st_mode, S_IFIFO | 0600);
	assert_false(exists("flash/new/socket"));
	assert_int_equal(look("flash/new/su").st_mode & 07777, 06751);
	assert_int_equal(look("flash/new/su").st_uid, 7);
	assert_int_equal(look("flash/new/su").st_mtim.tv_sec, 2000);
	assert_int_equal(getxattr("flash/new/su", "trusted.mine", value, 8), 1);
	assert_int_equal(look("flash/new").st_mode & 07777, 0751);
}

static void copy__hard_links__stay_one_file(void **state)
{
	need_root();
	write_file("ram/upper/a", "one");
	assert_int_equal(mkdir("ram/upper/sub", 0755), 0);
	assert_int_equal(link("ram/upper/a", "ram/upper/sub/b"), 0);
	settle();
	assert_int_equal(look("flash/new/a").st_ino, look("flash/new/sub/b").st_ino);
	write_file("ram/upper/sub/b", "two");
	settle();
	assert_file("flash/new/a", "two");
	assert_int_equal(look("flash/new/a").st_ino, look("flash/new/sub/b").st_ino);
	assert_int_equal(look("flash/new/a").st_nlink, 2);
	assert_false(exists("flash/new/.lifeboat.new"));
}

static void copy__immutable_file__is_copied(void **state)
{
	int flags = FS_IMMUTABLE_FL, none = 0;

	need_root();
	write_file("ram/upper/locked", "x");
	{
		CLEANUP(lb_fd_closep) int fd = open("ram/upper/locked", O_RDONLY);

		if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
			print_message("tmpfs of this kernel has no immutable files\n");
		settle();
		(void)ioctl(fd, FS_IOC_SETFLAGS, &none);
	}
	assert_file("flash/new/locked", "x");
}

/* What a system does between the first pass and the last one. */
static void change_everything(void)
{
	write_file("ram/upper/changed", "longer than before");
	write_file("ram/upper/added", "new");
	assert_int_equal(unlink("ram/upper/deleted"), 0);
	assert_int_equal(unlink("ram/upper/tree/sub/f") | rmdir("ram/upper/tree/sub"), 0);
	assert_int_equal(rename("ram/upper/moved", "ram/upper/moved2"), 0);
	assert_int_equal(unlink("ram/upper/was_file"), 0);
	assert_int_equal(mkdir("ram/upper/was_file", 0700), 0);
	write_file("ram/upper/was_file/f", "in");
	assert_int_equal(rmdir("ram/upper/was_dir"), 0);
	write_file("ram/upper/was_dir", "file");
	assert_int_equal(chmod("ram/upper/tree", 0700), 0);
	assert_int_equal(rename("ram/upper/dir", "ram/upper/dir2"), 0);
}

static void make_everything(void)
{
	write_file("ram/upper/changed", "old");
	write_file("ram/upper/deleted", "x");
	assert_int_equal(mkdir("ram/upper/tree", 0755) | mkdir("ram/upper/tree/sub", 0755), 0);
	write_file("ram/upper/tree/sub/f", "x");
	write_file("ram/upper/moved", "m");
	write_file("ram/upper/was_file", "x");
	assert_int_equal(mkdir("ram/upper/was_dir", 0755) | mkdir("ram/upper/dir", 0755), 0);
	write_file("ram/upper/dir/f", "moved with its directory");
}

static void assert_everything(const char *top)
{
	assert_int_equal(chdir(top), 0);
	assert_file("changed", "longer than before");
	assert_file("added", "new");
	assert_false(exists("deleted") || exists("tree/sub") || exists("moved") || exists("dir"));
	assert_file("moved2", "m");
	assert_file("was_file/f", "in");
	assert_file("was_dir", "file");
	assert_int_equal(look("tree").st_mode & 07777, 0700);
	assert_file("dir2/f", "moved with its directory");
	assert_int_equal(chdir("/mnt"), 0);
}

static void copy__changed_between_two_passes__the_second_one_brings_it_all(void **state)
{
	need_root();
	make_everything();
	settle();
	change_everything();
	assert_int_equal(lb_copytree_pass(&copy), 0);
	assert_true(copy.changes > 0);
	assert_everything("flash/new");
	settle();
	assert_everything("flash/new");
}

static void copy__same_size_and_same_moment__is_not_missed(void **state)
{
	need_root();
	for (int i = 0; i < 200; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%08d", i);
		write_file("ram/upper/f", text);
		assert_int_equal(lb_copytree_pass(&copy), 0);
		assert_file("flash/new/f", text);
	}
}

/* The overlay is live: its upper directory is what was copied. */
static void mount_copy(void)
{
	if (mount("o", "root", "overlay", 0, "lowerdir=rom,upperdir=flash/new,workdir=flash/tree") <
	    0) {
		print_message("no overlay can be mounted here\n");
		skip();
	}
	assert_int_equal(lb_copytree_into_overlay(&copy, "root"), 0);
}

static void overlay__changes_after_the_switch__are_seen_through_it(void **state)
{
	need_root();
	make_everything();
	settle();
	mount_copy();
	assert_file("root/changed", "old");
	change_everything();
	assert_int_equal(lb_copytree_pass(&copy), 0);
	assert_everything("root");
}

static void overlay__whiteouts_and_opaque_directories__hide_what_is_in_the_rom(void **state)
{
	need_root();
	write_file("rom/etc/banner", "rom");
	write_file("rom/etc/kept", "rom");
	assert_int_equal(mkdir("rom/www", 0755), 0);
	write_file("rom/www/index", "rom");
	settle();
	mount_copy();
	assert_int_equal(mkdir("ram/upper/etc", 0755), 0);
	whiteout("ram/upper/etc/banner");
	opaque("ram/upper/www");
	write_file("ram/upper/www/mine", "mine");
	assert_int_equal(lb_copytree_pass(&copy), 0);
	assert_false(exists("root/etc/banner"));
	assert_file("root/etc/kept", "rom");
	assert_false(exists("root/www/index"));
	assert_file("root/www/mine", "mine");
}

/* Between the last pass and the next one the system writes to where it already is. */
static void overlay__written_by_the_new_system__is_not_overwritten_nor_deleted(void **state)
{
	const struct timespec later[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};

	need_root();
	write_file("ram/upper/log", "a");
	settle();
	mount_copy();
	write_file("root/log", "a, and later b");
	assert_int_equal(utimensat(AT_FDCWD, "root/log", later, 0), 0);
	write_file("root/new", "by the new system");
	write_file("ram/upper/log", "a2");
	assert_int_equal(lb_copytree_pass(&copy), 0);
	assert_file("root/log", "a, and later b");
	assert_file("root/new", "by the new system");
}

/* A descriptor that a mount hides must not be written to. */
static void overlay__something_mounted_in_it__stays_untouched(void **state)
{
	need_root();
	assert_int_equal(mkdir("ram/upper/tmp", 0755), 0);
	settle();
	mount_copy();
	assert_int_equal(mount("tmpfs", "root/tmp", "tmpfs", 0, NULL), 0);
	write_file("ram/upper/tmp/hidden", "x");
	assert_int_equal(lb_copytree_pass(&copy), 0);
	assert_false(exists("root/tmp/hidden"));
	assert_int_equal(umount("root/tmp"), 0);
}

static void copy__no_room__is_an_error_and_the_source_is_untouched(void **state)
{
	static char big[300 * 1024];

	need_root();
	assert_int_equal(mount("tmpfs", "flash/tree", "tmpfs", 0, "size=64k"), 0);
	lb_copytree_closep(&copy);
	assert_int_equal(lb_copytree_open(&copy, "ram/upper", "flash/tree"), 0);
	memset(big, 'x', sizeof(big) - 1);
	write_file("ram/upper/big", big);
	assert_int_equal(lb_copytree_pass(&copy), LB_E(NOSPC));
	assert_int_equal(look("ram/upper/big").st_size, sizeof(big) - 1);
	assert_false(exists("flash/tree/big") || exists("flash/tree/.lifeboat.new"));
	assert_int_equal(umount2("flash/tree", MNT_DETACH), 0);
}

static void copy__told_to_stop__stops_and_says_so(void **state)
{
	need_root();
	make_everything();
	limit = 3;
	assert_int_equal(lb_copytree_pass(&copy), LB_E(STATE));
	limit = -1;
	settle();
	change_everything();
	settle();
	assert_everything("flash/new");
}

/* A reset must not wait for a large file to be copied to slow flash. */
static void copy__told_to_stop_in_a_large_file__leaves_nothing_of_it(void **state)
{
	static char big[300 * 1024];

	need_root();
	memset(big, 'x', sizeof(big) - 1);
	write_file("ram/upper/big", big);
	limit = 3;
	assert_int_equal(lb_copytree_pass(&copy), LB_E(STATE));
	assert_false(exists("flash/new/big") || exists("flash/new/.lifeboat.new"));
	limit = -1;
	settle();
	assert_int_equal(look("flash/new/big").st_size, sizeof(big) - 1);
}

static void copy__deeper_than_any_router__is_refused(void **state)
{
	char path[1024] = "ram/upper";

	need_root();
	for (int i = 0; i < 130; i++) {
		(void)strcat(path, "/d");
		assert_int_equal(mkdir(path, 0755), 0);
	}
	assert_int_equal(lb_copytree_pass(&copy), LB_E(RANGE));
}

#define placed(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest all[] = {
		placed(copy__everything_an_overlay_can_hold__is_there_as_it_was),
		placed(copy__hard_links__stay_one_file),
		placed(copy__immutable_file__is_copied),
		placed(copy__changed_between_two_passes__the_second_one_brings_it_all),
		placed(copy__same_size_and_same_moment__is_not_missed),
		placed(overlay__changes_after_the_switch__are_seen_through_it),
		placed(overlay__whiteouts_and_opaque_directories__hide_what_is_in_the_rom),
		placed(overlay__written_by_the_new_system__is_not_overwritten_nor_deleted),
		placed(overlay__something_mounted_in_it__stays_untouched),
		placed(copy__no_room__is_an_error_and_the_source_is_untouched),
		placed(copy__told_to_stop__stops_and_says_so),
		placed(copy__told_to_stop_in_a_large_file__leaves_nothing_of_it),
		placed(copy__deeper_than_any_router__is_refused),
	};

	return cmocka_run_group_tests(all, make_place, NULL);
}
