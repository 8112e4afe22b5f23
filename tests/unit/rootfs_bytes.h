/* tests/unit/rootfs_bytes.h - the start of a device with a file system, put together by hand, and
 * what a parser makes of it. The test defines PARSE, the parser's name. */
#pragma once

#include "tests/t.h"

#include <stdlib.h>

#include "image/fsimage.h"
#include "image/rootfs.h"

static uint8_t head[LB_FSIMAGE_HEAD_BYTES];
static const struct lb_rootfs before = {.fs = "before", .length_bytes = 4711};

static void put_le(size_t at, uint64_t v, size_t width)
{
	for (size_t i = 0; i < width; i++, v >>= 8)
		head[at + i] = (uint8_t)v;
}

/* What stands around the fields that are read must not matter. */
static void fill(void)
{
	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (uint8_t)(i * 7 + 1);
}

/* In memory of exactly n bytes, so that a look behind its end is seen. */
static int parse(struct lb_rootfs *out, size_t n)
{
	void *copy = malloc(n ? n : 1);
	int rc;

	assert_non_null(copy);
	memcpy(copy, head, n);
	*out = before;
	rc = PARSE(out, copy, n);
	free(copy);
	if (rc < 0) {
		assert_ptr_equal(out->fs, before.fs);
		assert_int_equal(out->length_bytes, before.length_bytes);
	}
	return rc;
}

static void assert_is(const char *fs, uint64_t length_bytes)
{
	struct lb_rootfs out;

	assert_int_equal(parse(&out, sizeof(head)), 0);
	assert_string_equal(out.fs, fs);
	assert_true(out.length_bytes == length_bytes);
}

static void assert_refused(int error)
{
	struct lb_rootfs out;

	assert_int_equal(parse(&out, sizeof(head)), error);
}
