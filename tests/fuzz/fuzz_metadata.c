/* The input is the JSON of a metadata block. */
#include "tests/fuzz/fuzz.h"

#include "install/metadata.h"

static void check_text(const char *text, size_t size)
{
	CHECK(strnlen(text, size) < size);
	for (; *text; text++)
		CHECK(*text >= ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct lb_metadata out;
	int rc;

	memset(&out, 0x5A, sizeof(out));
	rc = lb_metadata_parse(&out, data, n);
	CHECK(rc == 0 || rc == LB_E(FORMAT) || rc == LB_E(RANGE));
	if (rc < 0) {
		CHECK(out.boards[0][0] == 0x5A && out.target[0] == 0x5A);
		return 0;
	}
	CHECK(out.board_count <= LB_IMAGE_BOARDS_MAX);
	for (size_t i = 0; i < out.board_count; i++)
		check_text(out.boards[i], LB_NAME_MAX);
	check_text(out.compat_message, sizeof(out.compat_message));
	check_text(out.compat_version, LB_NAME_MAX);
	check_text(out.version, LB_NAME_MAX);
	return 0;
}
