/* An image on a device (here: a file that stands for one): as long as its superblock says. */
#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/storage/imagesource.h"
#include "tests/silent.h"

#define BLOCKS	    10
#define BLOCK_BYTES 4096
#define IMAGE_BYTES ((off_t)BLOCKS * BLOCK_BYTES)
#define NOT_MOUNTED "/nonexistent"

static char path[] = "/tmp/lifeboat-image-XXXXXX";

static void put(int fd, off_t at, uint32_t v, size_t width)
{
	uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	assert_int_equal(pwrite(fd, bytes, width, at), width);
}

/* A device of that size whose first bytes are an ext4 of ten blocks. */
static void make(off_t size_bytes)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	put(fd, 1024 + 0x4, BLOCKS, 4);
	put(fd, 1024 + 0x18, 2, 4);
	put(fd, 1024 + 0x38, 0xEF53, 2);
	assert_int_equal(ftruncate(fd, size_bytes), 0);
}

static int start(void **state)
{
	CLEANUP(lb_fd_closep) int fd = mkstemp(path);

	silence_log();
	return fd < 0;
}

static int stop(void **state)
{
	return unlink(path);
}

static enum lb_reflash_why open_it(const char *place)
{
	CLEANUP(lb_imagesource_closep) struct lb_imagesource s = LB_IMAGESOURCE_CLOSED;
	enum lb_reflash_why why = lb_imagesource_open(&s, place, NOT_MOUNTED);

	if (why != LB_REFLASH_WHY_NOTHING)
		assert_int_equal(s.block.fd, -1);
	return why;
}

static void image__device_larger_than_the_file_system__ends_where_that_ends(void **state)
{
	CLEANUP(lb_imagesource_closep) struct lb_imagesource s = LB_IMAGESOURCE_CLOSED;
	uint8_t last;

	make(IMAGE_BYTES + 1000 * 4096);
	assert_int_equal(lb_imagesource_open(&s, path, NOT_MOUNTED), LB_REFLASH_WHY_NOTHING);
	assert_string_equal(s.fs, "ext4");
	assert_string_equal(s.disk, path);
	assert_int_equal(s.plat.size_bytes, IMAGE_BYTES);
	assert_false(s.has_hash);
	assert_int_equal(s.plat.read(s.plat.ctx, IMAGE_BYTES - 1, &last, 1), 0);
}

static void image__device_that_ends_before_the_file_system__is_none(void **state)
{
	make(IMAGE_BYTES);
	assert_int_equal(open_it(path), LB_REFLASH_WHY_NOTHING);
	make(IMAGE_BYTES - 1);
	assert_int_equal(open_it(path), LB_REFLASH_WHY_NOT_AN_IMAGE);
	make(2048);
	assert_int_equal(open_it(path), LB_REFLASH_WHY_NOT_AN_IMAGE);
	make(0);
	assert_int_equal(open_it(path), LB_REFLASH_WHY_NOT_AN_IMAGE);
}

static void image__anything_else_on_the_device__is_none(void **state)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC);

	make(IMAGE_BYTES);
	put(fd, 1024 + 0x38, 0, 2);
	assert_int_equal(open_it(path), LB_REFLASH_WHY_NOT_AN_IMAGE);
}

static void image__no_device__is_not_there(void **state)
{
	char place[64];

	assert_int_equal(open_it(""), LB_REFLASH_WHY_NO_IMAGE);
	assert_int_equal(open_it("/nonexistent/device"), LB_REFLASH_WHY_NO_IMAGE);
	assert_int_equal(open_it("PARTLABEL=no partition has this name"), LB_REFLASH_WHY_NO_IMAGE);
	/* What holds the file is no file system. */
	make(IMAGE_BYTES);
	(void)snprintf(place, sizeof(place), "%s:/images/root.img", "/dev/null");
	assert_int_equal(open_it(place), LB_REFLASH_WHY_NO_IMAGE);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(image__device_larger_than_the_file_system__ends_where_that_ends),
		unit(image__device_that_ends_before_the_file_system__is_none),
		unit(image__anything_else_on_the_device__is_none),
		unit(image__no_device__is_not_there),
	};

	return cmocka_run_group_tests(all, start, stop);
}
