/* The input is /etc/config/fstab. */
#include "tests/fuzz/fuzz.h"

#include "plan/extroot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *text = malloc(n + 1); /* no byte behind the end may be read */
	struct lb_extroot_want want, before;
	struct lb_extroot_wrong wrong = {0};
	char name[LB_PATH_MAX + 32];
	int rc;

	CHECK(text);
	if (n > 0)
		memcpy(text, data, n);
	memset(&want, 'u', sizeof(want));
	before = want;
	rc = lb_extroot_parse(&want, &wrong, text, n);
	CHECK(rc == 0 || rc == 1 || rc == LB_E(FORMAT));
	CHECK((rc < 0) == (wrong.line > 0));
	if (rc < 1)
		CHECK(memcmp(&want, &before, sizeof(want)) == 0);
	else {
		CHECK(want.uuid[0] || want.label[0] || want.device[0]);
		CHECK(want.wait_ms >= LB_EXTROOT_WAIT_MS && want.wait_ms <= LB_EXTROOT_WAIT_MAX_MS);
		lb_extroot_describe(&want, name, sizeof(name));
		CHECK(strlen(name) + 1 < sizeof(name));
	}
	free(text);
	return 0;
}
