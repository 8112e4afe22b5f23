/* The input is what curl --dump-header wrote. */
#include "tests/fuzz/fuzz.h"

#include "plan/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_http_head h, before;
	int rc;

	memset(&h, 0x5A, sizeof(h));
	before = h;
	rc = lb_http_head_parse(&h, data, n);
	CHECK(rc == 0 || rc == LB_E(FORMAT));
	if (rc < 0) {
		CHECK(memcmp(&h, &before, sizeof(h)) == 0);
		return 0;
	}
	CHECK(h.status >= 1 && h.status <= 999);
	CHECK(memchr(h.validator, '\0', sizeof(h.validator)));
	/* It becomes an argument of curl: one line, nothing that could end it. */
	for (const char *c = h.validator; *c; c++)
		CHECK(*c >= ' ' && *c <= '~');
	return 0;
}
