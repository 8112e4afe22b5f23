#include "tests/t.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/files/tree.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/safe_file.h"

#define OVERLAY "overlay"
#define SAFE	OVERLAY "/" LB_SAFE_FILE
#define STAGED	OVERLAY "/" LB_OVERLAY_ARCHIVE
#define UNNAMED SAFE ".new"

static char top[32];

static int make_overlay(void **state)
{
	(void)snprintf(top, sizeof(top), "/tmp/lifeboat-safe-XXXXXX");
	return mkdtemp(top) && chdir(top) == 0 && mkdir(OVERLAY, 0755) == 0 ? 0 : -1;
}

static int remove_overlay(void **state)
{
	struct lb_tree_count count;

	(void)umount2(OVERLAY, MNT_DETACH);
	return chdir("/") == 0 && lb_tree_delete(top, NULL, &count) == 0 && rmdir(top) == 0 ? 0
											    : -1;
}

static void write_file(const char *path, const char *text, size_t n)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(close(fd), 0);
}

static bool has(const char *path, const char *text)
{
	char found[16] = "";
	const int fd = open(path, O_RDONLY);

	if (fd < 0)
		return false;
	assert_true(read(fd, found, sizeof(found) - 1) >= 0);
	assert_int_equal(close(fd), 0);
	return strcmp(found, text) == 0;
}

static void put_old(void)
{
	write_file("old", "old", 3);
	assert_int_equal(lb_safe_file_put_in(OVERLAY, "old"), 0);
	assert_true(has(SAFE, "old"));
}

static void put__another_archive__takes_the_place(void **state)
{
	put_old();
	write_file("new", "new", 3);
	assert_int_equal(lb_safe_file_put_in(OVERLAY, "new"), 0);
	assert_true(has(SAFE, "new"));
	assert_int_equal(access(UNNAMED, F_OK), -1);
}

static void put__archive_cannot_be_read__older_copy_stays(void **state)
{
	put_old();
	assert_true(lb_safe_file_put_in(OVERLAY, "none") < 0);
	assert_true(has(SAFE, "old"));
	assert_true(lb_safe_file_put_in(OVERLAY, OVERLAY) < 0); /* a directory: read() fails */
	assert_true(has(SAFE, "old"));
	assert_int_equal(access(UNNAMED, F_OK), -1);
}

/* As JFFS2 leaves it when its rename is cut. */
static void put__both_names_are_one_file__older_copy_stays(void **state)
{
	put_old();
	assert_int_equal(link(SAFE, UNNAMED), 0);
	assert_true(lb_safe_file_put_in(OVERLAY, OVERLAY) < 0);
	assert_true(has(SAFE, "old"));
}

static void put__no_room_for_it_or_beside_it__older_copy_stays(void **state)
{
	static const char much[200 << 10];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", OVERLAY, "tmpfs", 0, "size=128k") < 0)
		skip(); /* only root can do this */
	put_old();
	write_file("new", much, sizeof(much));
	assert_int_equal(lb_safe_file_put_in(OVERLAY, "new"), LB_E(NOSPC));
	assert_true(has(SAFE, "old"));
	write_file("new", much, 90 << 10);
	assert_int_equal(lb_safe_file_put_in(OVERLAY, "new"), LB_E(NOSPC));
	assert_true(has(SAFE, "old"));
	assert_int_equal(access(UNNAMED, F_OK), -1);
}

static void drop__also_named_for_a_first_boot__both_names_go(void **state)
{
	put_old();
	assert_int_equal(link(SAFE, STAGED), 0);
	lb_safe_file_drop_in(OVERLAY);
	assert_int_equal(access(OVERLAY "/" LB_SAFE_DIR, F_OK), -1);
	assert_int_equal(access(STAGED, F_OK), -1);
}

static void drop__reset_that_keeps_it_is_asked_for__it_stays(void **state)
{
	put_old();
	assert_int_equal(link(SAFE, STAGED), 0);
	assert_int_equal(lb_overlayfs_state_write(OVERLAY, LB_FS_STATE_RESET), 0);
	lb_safe_file_drop_in(OVERLAY);
	assert_true(has(STAGED, "old"));
}

static void drop__owner_has_put_an_archive_there__it_stays(void **state)
{
	put_old();
	write_file(STAGED, "old", 3);
	lb_safe_file_drop_in(OVERLAY);
	assert_true(has(STAGED, "old"));
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, make_overlay, remove_overlay)

TESTS(fresh(put__another_archive__takes_the_place),
      fresh(put__archive_cannot_be_read__older_copy_stays),
      fresh(put__both_names_are_one_file__older_copy_stays),
      fresh(put__no_room_for_it_or_beside_it__older_copy_stays),
      fresh(drop__also_named_for_a_first_boot__both_names_go),
      fresh(drop__reset_that_keeps_it_is_asked_for__it_stays),
      fresh(drop__owner_has_put_an_archive_there__it_stays))
