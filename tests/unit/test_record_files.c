#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/storage/record_files.h"
#include "store/recovery.h"

static char folder[] = "/tmp/lifeboat-files-XXXXXX";
static int dir_fd = -1;
static struct lb_record record, found;

static int make_folder(void **state)
{
	(void)strcpy(folder, "/tmp/lifeboat-files-XXXXXX");
	memset(&record, 0, sizeof(record));
	if (!mkdtemp(folder))
		return -1;
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)close(dir_fd);
	(void)snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

static int try_open(struct lb_record_files *f, struct plat_block *dev, enum lb_block_mode mode)
{
	return lb_record_files_open_at(f, dev, dir_fd, "rec", mode);
}

static void save(uint32_t boot_count)
{
	CLEANUP(lb_record_files_closep) struct lb_record_files f = LB_RECORD_FILES_CLOSED;
	struct plat_block dev;

	assert_int_equal(try_open(&f, &dev, LB_BLOCK_WRITE), 0);
	record.boot_count = boot_count;
	assert_int_equal(lb_recovery_save(&record, &dev), 0);
}

static int load(void)
{
	CLEANUP(lb_record_files_closep) struct lb_record_files f = LB_RECORD_FILES_CLOSED;
	struct plat_block dev;
	int rc = try_open(&f, &dev, LB_BLOCK_READ);

	assert_int_equal(rc, 0);
	return lb_recovery_load(&found, &dev);
}

static off_t size_of(const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_size : -1;
}

static void cut_short(const char *name)
{
	CLEANUP(lb_fd_closep) int fd = openat(dir_fd, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
}

static void read__nothing_there__no_record_and_nothing_made(void **state)
{
	assert_int_equal(load(), LB_E(NOENT));
	assert_int_equal(size_of("rec.0"), -1);
}

static void save__first_and_next__copies_in_turn_in_the_same_files(void **state)
{
	struct stat before, after;

	save(1);
	assert_int_equal(load(), 0);
	assert_int_equal(found.boot_count, 1);
	assert_int_equal(size_of("rec.0"), LB_RECORD_BYTES);
	assert_int_equal(size_of("rec.1"), LB_RECORD_BYTES);
	assert_int_equal(size_of("rec.0.new"), -1);
	assert_int_equal(fstatat(dir_fd, "rec.0", &before, 0), 0);
	save(2);
	save(3);
	assert_int_equal(load(), 0);
	assert_int_equal(found.boot_count, 3);
	assert_int_equal(fstatat(dir_fd, "rec.0", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* in place */
}

static void load__one_file_is_lost_or_cut__the_other_one_counts(void **state)
{
	save(1);
	save(2);
	save(3); /* in turn: the second file holds 2 or 3, the first the other one */
	for (int i = 0; i < 2; i++) {
		cut_short(i ? "rec.1" : "rec.0");
		assert_int_equal(load(), 0);
		assert_true(found.boot_count == 2 || found.boot_count == 3);
		record = found;
		save(found.boot_count); /* made anew */
		save(found.boot_count);
		assert_int_equal(size_of(i ? "rec.1" : "rec.0"), LB_RECORD_BYTES);
	}
}

static void open__leftover_of_a_cut_and_strange_files__made_anew_or_refused(void **state)
{
	struct lb_record_files f = LB_RECORD_FILES_CLOSED;
	struct plat_block dev = {.size_bytes = 7};
	int fd = openat(dir_fd, "rec.0.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
	save(1);
	assert_int_equal(size_of("rec.0.new"), -1);
	assert_int_equal(unlinkat(dir_fd, "rec.1", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir_fd, "rec.1"), 0);
	assert_int_equal(try_open(&f, &dev, LB_BLOCK_WRITE), LB_E(UNSUP));
	assert_int_equal(dev.size_bytes, 7);
	assert_int_equal(f.fd[0], -1);
}

static void open__second_writer__waits_then_busy(void **state)
{
	CLEANUP(lb_record_files_closep) struct lb_record_files one = LB_RECORD_FILES_CLOSED;
	CLEANUP(lb_record_files_closep) struct lb_record_files two = LB_RECORD_FILES_CLOSED;
	CLEANUP(lb_fd_closep) int other_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct plat_block dev;

	assert_true(other_fd >= 0);
	assert_int_equal(try_open(&one, &dev, LB_BLOCK_WRITE), 0);
	assert_int_equal(lb_record_files_open_at(&two, &dev, other_fd, "rec", LB_BLOCK_WRITE),
			 LB_E(BUSY));
}

static void access__beyond_a_copy__is_refused(void **state)
{
	CLEANUP(lb_record_files_closep) struct lb_record_files f = LB_RECORD_FILES_CLOSED;
	struct plat_block dev;
	uint8_t two[2] = {0};

	assert_int_equal(try_open(&f, &dev, LB_BLOCK_WRITE), 0);
	assert_int_equal(dev.write(dev.ctx, LB_RECORD_BYTES - 1, two, 2), LB_E(RANGE));
	assert_int_equal(dev.read(dev.ctx, 2 * LB_RECORD_BYTES, two, 1), LB_E(RANGE));
	assert_int_equal(dev.write(dev.ctx, 2 * LB_RECORD_BYTES - 2, two, 2), 0);
}

#define in_folder(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

TESTS(in_folder(read__nothing_there__no_record_and_nothing_made),
      in_folder(save__first_and_next__copies_in_turn_in_the_same_files),
      in_folder(load__one_file_is_lost_or_cut__the_other_one_counts),
      in_folder(open__leftover_of_a_cut_and_strange_files__made_anew_or_refused),
      in_folder(open__second_writer__waits_then_busy), in_folder(access__beyond_a_copy__is_refused))
