#include "tests/t.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/storage/overlayfs.h"

static bool may;

/* An empty root of our own. The leak checker looks into /proc at the end. */
static int make_root(void **state)
{
	static const char root[] = "/mnt"; /* any directory: our namespace alone sees it changed */

	may = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	      mount("tmpfs", root, "tmpfs", 0, NULL) == 0 && mkdir("/mnt/proc", 0755) == 0 &&
	      mount("/proc", "/mnt/proc", NULL, MS_BIND | MS_REC, NULL) == 0 && chroot(root) == 0 &&
	      chdir("/") == 0;
	return 0;
}

static void need_root(void)
{
	if (!may)
		skip(); /* only root can do this */
}

static void root__without_mount_points__the_first_one_is_named(void **state)
{
	need_root();
	assert_string_equal(lb_overlayfs_lacks(), "/overlay");
	assert_int_equal(mkdir("/overlay", 0755), 0);
	assert_string_equal(lb_overlayfs_lacks(), "/mnt");
	assert_int_equal(close(open("/mnt", O_CREAT | O_WRONLY, 0600)), 0);
	assert_string_equal(lb_overlayfs_lacks(), "/mnt"); /* a file is no mount point */
	assert_int_equal(unlink("/mnt"), 0);
	assert_int_equal(mkdir("/mnt", 0755), 0);
	assert_int_equal(mkdir("/rom", 0755), 0);
	assert_null(lb_overlayfs_lacks());
}

static bool something_is_mounted(void)
{
	struct stat above, here;

	assert_int_equal(stat("/", &above), 0);
	assert_int_equal(stat("/overlay", &here), 0);
	return above.st_dev != here.st_dev;
}

static void overlay__left_by_an_earlier_attempt__is_unmounted(void **state)
{
	need_root();
	assert_int_equal(lb_overlayfs_clear(), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(mount("tmpfs", "/overlay", "tmpfs", 0, NULL), 0);
	assert_int_equal(lb_overlayfs_clear(), 0);
	assert_false(something_is_mounted());
}

static void overlay__in_use__busy_and_still_mounted(void **state)
{
	int user;

	need_root();
	assert_int_equal(mount("tmpfs", "/overlay", "tmpfs", 0, NULL), 0);
	user = open("/overlay", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lb_overlayfs_clear(), LB_E(BUSY));
	assert_true(something_is_mounted());
	assert_int_equal(close(user), 0);
	assert_int_equal(lb_overlayfs_clear(), 0);
}

static void used_percent__of_a_file_system__is_from_0_to_100(void **state)
{
	int percent = lb_overlayfs_used_percent("/");

	assert_true(percent >= 0 && percent <= 100);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(root__without_mount_points__the_first_one_is_named),
		unit(overlay__left_by_an_earlier_attempt__is_unmounted),
		unit(overlay__in_use__busy_and_still_mounted),
		unit(used_percent__of_a_file_system__is_from_0_to_100),
	};

	return cmocka_run_group_tests(all, make_root, NULL);
}
