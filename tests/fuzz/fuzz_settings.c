/* A settings archive: gzip as it comes, or a tar that is packed first, since a checksum would keep
 * the fuzzer out. Only safe paths ever come out of it. */
#include "tests/fuzz/fuzz.h"

#include <zlib.h>

#include "store/settings.h"

#define INPUT_MAX 32768

struct input {
	const uint8_t *data;
	size_t n, at;
};

static int input_rewind(void *ctx)
{
	((struct input *)ctx)->at = 0;
	return 0;
}

static int input_read(void *ctx, void *buf, size_t n)
{
	struct input *in = ctx;
	size_t left = in->n - in->at;

	n = n < left ? n : left;
	memcpy(buf, in->data + in->at, n);
	in->at += n;
	return (int)n;
}

static void check_member(void *ctx, const struct lb_member *m)
{
	static char same[LB_MEMBER_PATH_MAX];

	CHECK(lb_member_path(same, m->path) == 0 && strcmp(same, m->path) == 0 && m->path[0]);
	CHECK(m->mode <= 07777 && (m->type == LB_MEMBER_FILE || m->size_bytes == 0));
}

static void verify(const uint8_t *data, size_t n)
{
	struct input in = {.data = data, .n = n};
	const struct plat_archive from = {.ctx = &in, .rewind = input_rewind, .read = input_read};
	struct lb_settings_report report;
	int rc = lb_settings_verify(&from, check_member, NULL, &report);

	CHECK(rc <= 0 && (rc == 0) == !report.why[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t packed[2 * INPUT_MAX];
	z_stream z = {0};

	if (n > INPUT_MAX)
		return 0;
	verify(data, n);
	CHECK(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (unsigned)n;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	verify(packed, sizeof(packed) - z.avail_out);
	CHECK(deflateEnd(&z) == Z_OK);
	return 0;
}
