/* The input is the kernel command line; the boot loader's environment may hold anything. */
#include "tests/fuzz/fuzz.h"

#include "plan/cmdline.h"

#define UNTOUCHED 'u'

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *line = malloc(n + 1); /* exact size: a step behind it is seen */
	char out[12];
	int rc;

	CHECK(line);
	if (n > 0)
		memcpy(line, data, n);
	line[n] = '\0';
	memset(out, UNTOUCHED, sizeof(out));
	rc = lb_cmdline_get(line, "failsafe", out, sizeof(out));
	if (rc < 0)
		CHECK(out[0] == UNTOUCHED && out[sizeof(out) - 1] == UNTOUCHED);
	else
		CHECK((size_t)rc < sizeof(out) && strlen(out) == (size_t)rc);
	CHECK(lb_cmdline_switch(line, "failsafe") <= LB_SWITCH_INVALID);
	if (rc < 0 && rc != LB_E(NOSPC))
		CHECK(lb_cmdline_switch(line, "failsafe") == LB_SWITCH_UNSET);
	free(line);
	return 0;
}
