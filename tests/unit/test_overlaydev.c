#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plat/linux/storage/overlaydev.h"

static char disk[64], type[16];

static int make_disk(void **state)
{
	int fd;

	(void)strcpy(disk, "/tmp/lifeboat-disk-XXXXXX");
	fd = mkstemp(disk);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	(void)strcpy(type, "before");
	return close(fd);
}

static int remove_disk(void **state)
{
	return unlink(disk);
}

static void type__of_an_ext4_disk__is_ext4(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q %s",
		       disk);
	if (system(command) != 0)
		skip(); /* no e2fsprogs here */
	assert_int_equal(lb_disk_type(disk, type, sizeof(type)), 0);
	assert_string_equal(type, "ext4");
	assert_int_equal(lb_disk_type(disk, type, 4), LB_E(NOSPC));
}

static void type__of_a_blank_or_absent_disk__noent_and_the_output_untouched(void **state)
{
	assert_int_equal(lb_disk_type(disk, type, sizeof(type)), LB_E(NOENT));
	assert_int_equal(lb_disk_type("/dev/no-such-disk", type, sizeof(type)), LB_E(NOENT));
	assert_string_equal(type, "before");
}

static void write_at(long at, const void *bytes, size_t n)
{
	int fd = open(disk, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	assert_int_equal(close(fd), 0);
}

static void fill(long at, size_t n, uint8_t value)
{
	static uint8_t buf[512 * 1024];

	assert_true(n <= sizeof(buf));
	memset(buf, value, n);
	write_at(at, buf, n);
}

static enum lb_overlay_content content(void)
{
	struct lb_overlay_dev dev = {.kind = LB_VOLUME_PARTITION, .size_bytes = 4 << 20};
	enum lb_overlay_content found = LB_CONTENT_UBIFS;

	dev.fd = open(disk, O_RDONLY);
	assert_true(dev.fd >= 0);
	assert_int_equal(lb_overlay_dev_content(&dev, &found), 0);
	assert_int_equal(close(dev.fd), 0);
	return found;
}

static const uint8_t deadcode[] = {0xDE, 0xAD, 0xC0, 0xDE};
/* gzip FILE, which OpenWrt does not recognise: its flags tell that there is a name */
static const uint8_t gzip[] = {0x1F, 0x8B, 0x08, 0x08, 1, 2, 3, 4};

static void content__blank_marker_and_foreign_bytes__are_told_apart(void **state)
{
	assert_int_equal(content(), LB_CONTENT_BLANK);
	fill(0, 65536, 0xFF);
	assert_int_equal(content(), LB_CONTENT_BLANK);
	write_at(4096, "x", 1);
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
	write_at(0, deadcode, sizeof(deadcode));
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
}

static void content__gzip_at_the_start__is_an_archive(void **state)
{
	write_at(0, gzip, sizeof(gzip));
	assert_int_equal(content(), LB_CONTENT_ARCHIVE);
	write_at(0, "\x1F\x8B\x09", 3);
	assert_int_equal(content(), LB_CONTENT_UNKNOWN);
}

/* An image padded for erase blocks of 4 to 256 KiB, with the settings behind it. */
static void content__gzip_behind_the_padding_of_an_image__is_an_archive(void **state)
{
	fill(0, 256 * 1024, 0xFF);
	for (long at = 0; at <= 128 * 1024; at = at ? at * 2 : 4096)
		write_at(at, deadcode, sizeof(deadcode));
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
	write_at(256 * 1024, gzip, sizeof(gzip));
	assert_int_equal(content(), LB_CONTENT_ARCHIVE);
	fill(0, 256 * 1024, 0xFF);
	assert_int_equal(content(), LB_CONTENT_ARCHIVE);
}

/* What a reset leaves: zeroes behind the marker, where the old archive's second sector was. */
static void content__archive_behind_anything_else__is_not_looked_for(void **state)
{
	fill(0, 256 * 1024, 0xFF);
	write_at(256 * 1024, gzip, sizeof(gzip));
	write_at(0, deadcode, sizeof(deadcode));
	fill(4, 1020, 0);
	assert_int_equal(content(), LB_CONTENT_DEADCODE);
}

#define on_disk(f) cmocka_unit_test_setup_teardown(f, make_disk, remove_disk)

TESTS(on_disk(type__of_an_ext4_disk__is_ext4),
      on_disk(type__of_a_blank_or_absent_disk__noent_and_the_output_untouched),
      on_disk(content__blank_marker_and_foreign_bytes__are_told_apart),
      on_disk(content__gzip_at_the_start__is_an_archive),
      on_disk(content__gzip_behind_the_padding_of_an_image__is_an_archive),
      on_disk(content__archive_behind_anything_else__is_not_looked_for))
