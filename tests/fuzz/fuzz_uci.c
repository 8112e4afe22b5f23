/* The input is a file below /etc/config, which users and other firmware write. */
#include "tests/fuzz/fuzz.h"

#include "plan/uci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *text = malloc(n + 1); /* no byte behind the end may be read */
	struct lb_uci_item item, before;
	struct lb_uci u;
	unsigned line = 1;
	size_t items = 0;
	int rc;

	CHECK(text);
	if (n > 0)
		memcpy(text, data, n);
	lb_uci_begin(&u, text, n);
	for (;;) {
		memset(&item, 'u', sizeof(item));
		before = item;
		rc = lb_uci_next(&u, &item);
		if (rc <= 0)
			break;
		CHECK(rc == 1 && ++items <= n);
		CHECK(item.line >= line && item.kind <= LB_UCI_LIST);
		CHECK(memchr(item.name, 0, sizeof(item.name)) && item.name[0]);
		CHECK(memchr(item.value, 0, sizeof(item.value)));
		CHECK(items > 1 || item.kind == LB_UCI_CONFIG);
		line = item.line;
	}
	CHECK(memcmp(&item, &before, sizeof(item)) == 0);
	CHECK(rc == 0 || rc == LB_E(FORMAT));
	CHECK((rc < 0) == (u.wrong_line > 0) && (rc < 0) == (u.wrong[0] != 0));
	CHECK(lb_uci_next(&u, &item) == rc);
	free(text);
	return 0;
}
