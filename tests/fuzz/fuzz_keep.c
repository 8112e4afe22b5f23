/* Lists of paths and of configuration files: every path is absolute and does not go up, lines and
 * bytes only go forward, and the walk ends. */
#include "tests/fuzz/fuzz.h"

#include "plan/keep.h"

static void check_path(const char *path)
{
	CHECK(path[0] == '/' && strlen(path) < LB_KEEP_PATH_MAX);
	CHECK(!strstr(path, "/../") && !strpbrk(path, " \t\n"));
	(void)lb_keep_never(path);
}

static void walk_conffiles(bool bare, const uint8_t *data, size_t n)
{
	struct lb_conffile item;
	struct lb_conffiles c;
	int rc;

	lb_conffiles_begin(&c, bare, data, n);
	for (;;) {
		const uint8_t *before = c.in.p;

		rc = lb_conffiles_next(&c, &item);
		CHECK(c.in.p >= before && c.in.p <= data + n);
		if (rc == 0)
			break;
		CHECK(c.in.p > before);
		if (rc < 0)
			continue;
		check_path(item.path);
		CHECK(item.hash[0] == '\0' || strlen(item.hash) == 64);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[LB_KEEP_PATH_MAX];
	struct lb_keep_paths k;
	unsigned line = 1;
	int rc;

	lb_keep_paths_begin(&k, data, n);
	while ((rc = lb_keep_paths_next(&k, path)) != 0) {
		CHECK(k.line >= line && k.in.p <= data + n);
		line = k.line;
		if (rc > 0)
			check_path(path);
		else
			CHECK(rc == LB_E(FORMAT) || rc == LB_E(RANGE));
	}
	CHECK(k.in.p == data + n);
	walk_conffiles(false, data, n);
	walk_conffiles(true, data, n);
	return 0;
}
