/* A manifest is accepted in one way of writing only: what it says, written again, is the same text.
 */
#include "tests/fuzz/fuzz.h"

#include "image/manifest.h"

#define INPUT_MAX 65536

static struct lb_manifest out, before;
static struct lb_member member;
static char again[INPUT_MAX + LB_MEMBER_LINE_MAX], path[LB_MEMBER_PATH_MAX];

static void check_path(const uint8_t *data, size_t n)
{
	char name[LB_MEMBER_PATH_MAX + 8];

	if (n >= sizeof(name))
		return;
	memcpy(name, data, n);
	name[n] = '\0';
	if (lb_member_path(path, name) < 0)
		return;
	CHECK(path[0] != '/' && !strstr(path, "//") && strncmp(path, "../", 3) != 0);
	CHECK(!strstr(path, "/../") && strcmp(path, "..") != 0);
	CHECK(lb_member_path(name, path) == 0 && strcmp(name, path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t used;
	int rc, put;

	if (n > INPUT_MAX)
		return 0;
	check_path(data, n);
	memset(&before, 0xA5, sizeof(before));
	memset(&out, 0xA5, sizeof(out));
	rc = lb_manifest_parse(&out, data, n);
	CHECK(rc <= 0);
	if (rc < 0) {
		CHECK(memcmp(&out, &before, sizeof(out)) == 0);
		return 0;
	}
	CHECK(out.hashed_bytes < n);
	put = lb_manifest_put_head(again, sizeof(again), &out);
	CHECK(put > 0);
	used = (size_t)put;
	while ((rc = lb_manifest_next(&out, &member)) == 1) {
		put = lb_manifest_put_member(again + used, sizeof(again) - used, &member);
		CHECK(put > 0);
		used += (size_t)put;
	}
	CHECK(rc == 0 && used == out.hashed_bytes);
	put = lb_manifest_put_end(again + used, sizeof(again) - used, out.hash);
	CHECK(put > 0 && used + (size_t)put == n && memcmp(again, data, n) == 0);
	return 0;
}
