/* How a stream begins, seen before any of it is used up. */
#include "tests/t.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "install/peek.h"

#define PLAIN_BYTES 100000

static uint8_t plain[PLAIN_BYTES], packed[2 * PLAIN_BYTES];
static size_t packed_len;
static struct lb_peek peek;

static int setup(void **state)
{
	z_stream z = {0};
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(plain); i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		plain[i] = (uint8_t)(seed >> 56);
	}
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = plain;
	z.avail_in = sizeof(plain);
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed_len = sizeof(packed) - z.avail_out;
	return deflateEnd(&z);
}

/* Through a pipe, of which `spool` bytes are taken into memory before; then all of it is read. */
static void look(const uint8_t *data, size_t n, size_t spool)
{
	static uint8_t all[2 * PLAIN_BYTES];
	struct lb_source s = LB_SOURCE_CLOSED;
	size_t used = 0;
	ssize_t got;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	if (fork() == 0) {
		(void)close(fd[0]);
		_exit(write(fd[1], data, n) != (ssize_t)n);
	}
	(void)close(fd[1]);
	assert_int_equal(lb_source_open(&s, fd[0], spool), 0);
	memset(&peek, 0x5A, sizeof(peek));
	assert_int_equal(lb_peek(&peek, &s), 0);
	while ((got = lb_source_read(&s, all + used, sizeof(all) - used)) > 0)
		used += (size_t)got;
	assert_int_equal(got, 0);
	assert_int_equal(used, n);
	assert_memory_equal(all, data, n);
	lb_source_closep(&s);
	(void)close(fd[0]);
}

static void peek__packed__its_content_and_the_stream_is_whole(void **state)
{
	look(packed, packed_len, packed_len - 1);
	assert_int_equal(peek.packed, LB_IMAGE_GZIP);
	assert_int_equal(peek.head_len, LB_IMAGE_HEAD_BYTES);
	assert_memory_equal(peek.head, plain, LB_IMAGE_HEAD_BYTES);
}

static void peek__little_is_in_memory__as_much_as_that_gives(void **state)
{
	look(packed, packed_len, 30000);
	assert_in_range(peek.head_len, 20000, 30000);
	assert_memory_equal(peek.head, plain, peek.head_len);
}

static void peek__not_packed__as_it_is(void **state)
{
	look(plain, sizeof(plain), 70000);
	assert_int_equal(peek.packed, LB_IMAGE_NONE);
	assert_int_equal(peek.head_len, LB_IMAGE_HEAD_BYTES);
	assert_memory_equal(peek.head, plain, LB_IMAGE_HEAD_BYTES);
}

#define on_stream(f) cmocka_unit_test_setup(f, setup)

TESTS(on_stream(peek__packed__its_content_and_the_stream_is_whole),
      on_stream(peek__little_is_in_memory__as_much_as_that_gives),
      on_stream(peek__not_packed__as_it_is))
