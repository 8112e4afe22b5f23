#include "tests/t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/disk/block.h"

#define SIZE 5000

static char path[] = "/tmp/lifeboat-block-XXXXXX";
static uint8_t buf[SIZE + 1];

static int make_file(void **state)
{
	int fd;

	(void)strcpy(path, "/tmp/lifeboat-block-XXXXXX");
	fd = mkstemp(path);
	memset(buf, 0, sizeof(buf));
	return fd >= 0 && ftruncate(fd, SIZE) == 0 && close(fd) == 0 ? 0 : -1;
}

static int remove_file(void **state)
{
	return unlink(path);
}

static void block__bytes_written__return(void **state)
{
	CLEANUP(lb_block_closep) struct lb_block b = LB_BLOCK_CLOSED;
	struct plat_block dev;

	assert_int_equal(lb_block_open(&b, &dev, path, LB_BLOCK_WRITE), 0);
	assert_int_equal(dev.size_bytes, SIZE);
	assert_int_equal(dev.write(dev.ctx, SIZE - 5, "hello", 5), 0);
	assert_int_equal(dev.flush(dev.ctx), 0);
	assert_int_equal(dev.read(dev.ctx, SIZE - 6, buf, 6), 0);
	assert_memory_equal(buf, "\0hello", 6);
}

static void block__read_beyond_the_end__is_refused(void **state)
{
	CLEANUP(lb_block_closep) struct lb_block b = LB_BLOCK_CLOSED;
	struct plat_block dev;

	assert_int_equal(lb_block_open(&b, &dev, path, LB_BLOCK_READ), 0);
	assert_int_equal(dev.read(dev.ctx, 0, buf, SIZE), 0);
	assert_int_equal(dev.read(dev.ctx, 0, buf, SIZE + 1), LB_E(RANGE));
	assert_int_equal(dev.read(dev.ctx, UINT64_MAX, buf, 1), LB_E(RANGE));
	assert_int_equal(dev.read(dev.ctx, INT64_MAX, buf, 1), LB_E(RANGE));
}

static void block__write_beyond_the_end__does_not_grow_the_file(void **state)
{
	CLEANUP(lb_block_closep) struct lb_block b = LB_BLOCK_CLOSED;
	struct plat_block dev;
	struct stat st;

	assert_int_equal(lb_block_open(&b, &dev, path, LB_BLOCK_WRITE), 0);
	assert_int_equal(dev.write(dev.ctx, SIZE - 1, "xx", 2), LB_E(RANGE));
	assert_int_equal(dev.write(dev.ctx, UINT64_MAX - 1, "xx", 2), LB_E(RANGE));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, SIZE);
}

static void block__opened_for_reading__cannot_be_written(void **state)
{
	CLEANUP(lb_block_closep) struct lb_block b = LB_BLOCK_CLOSED;
	struct plat_block dev;

	assert_int_equal(lb_block_open(&b, &dev, path, LB_BLOCK_READ), 0);
	assert_int_equal(dev.write(dev.ctx, 0, "x", 1), LB_E(IO));
}

static void block__second_writer__waits_then_is_told(void **state)
{
	CLEANUP(lb_block_closep) struct lb_block first = LB_BLOCK_CLOSED;
	CLEANUP(lb_block_closep) struct lb_block second = LB_BLOCK_CLOSED;
	struct plat_block dev, other = {.size_bytes = 7};

	assert_int_equal(lb_block_open(&first, &dev, path, LB_BLOCK_WRITE), 0);
	assert_int_equal(lb_block_open(&second, &other, path, LB_BLOCK_WRITE), LB_E(BUSY));
	assert_int_equal(second.fd, -1);
	assert_int_equal(other.size_bytes, 7);
	assert_int_equal(lb_block_open(&second, &other, path, LB_BLOCK_READ), 0);
	lb_block_closep(&second);
	lb_block_closep(&first);
	assert_int_equal(lb_block_open(&second, &other, path, LB_BLOCK_WRITE), 0);
}

static void block__what_is_no_storage__is_refused(void **state)
{
	CLEANUP(lb_block_closep) struct lb_block b = LB_BLOCK_CLOSED;
	struct plat_block dev;

	assert_int_equal(lb_block_open(&b, &dev, "/nonexistent", LB_BLOCK_READ), LB_E(NOENT));
	assert_int_equal(lb_block_open(&b, &dev, "/tmp", LB_BLOCK_READ), LB_E(UNSUP));
	assert_int_equal(lb_block_open(&b, &dev, "/dev/null", LB_BLOCK_WRITE), LB_E(UNSUP));
	assert_int_equal(b.fd, -1);
}

static void block__closed__leaves_no_descriptor_behind(void **state)
{
	const int before = dup(0);
	int after;

	assert_int_equal(close(before), 0);
	for (int i = 0; i < 3; i++) {
		struct lb_block b = LB_BLOCK_CLOSED;
		struct plat_block dev;

		assert_int_equal(lb_block_open(&b, &dev, "/tmp", LB_BLOCK_READ), LB_E(UNSUP));
		assert_int_equal(lb_block_open(&b, &dev, path, LB_BLOCK_WRITE), 0);
		lb_block_closep(&b);
		lb_block_closep(&b);
	}
	after = dup(0);
	assert_int_equal(after, before);
	assert_int_equal(close(after), 0);
}

#define on_file(f) cmocka_unit_test_setup_teardown(f, make_file, remove_file)

TESTS(on_file(block__bytes_written__return), on_file(block__read_beyond_the_end__is_refused),
      on_file(block__write_beyond_the_end__does_not_grow_the_file),
      on_file(block__opened_for_reading__cannot_be_written),
      on_file(block__second_writer__waits_then_is_told),
      on_file(block__what_is_no_storage__is_refused),
      on_file(block__closed__leaves_no_descriptor_behind))
