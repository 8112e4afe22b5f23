#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plat/linux/overlaydev.h"

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

#define on_disk(f) cmocka_unit_test_setup_teardown(f, make_disk, remove_disk)

TESTS(on_disk(type__of_an_ext4_disk__is_ext4),
      on_disk(type__of_a_blank_or_absent_disk__noent_and_the_output_untouched))
