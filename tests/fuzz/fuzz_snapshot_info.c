/* The input is an .info file beside a snapshot, which an import brings from anywhere. */
#include "tests/fuzz/fuzz.h"

#include "plan/snapshot.h"

/* Nothing in a text may end the quotes it stands in. */
static bool is_harmless(const char *text)
{
	return strcspn(text, "\"'`$\\\n\t\r{}[]|&*~#%^=") == strlen(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *text = malloc(n + 1); /* no byte behind the end may be read */
	char out[LB_SNAPSHOT_INFO_MAX];
	struct lb_snapshot_info info, again;
	int64_t made_s;

	CHECK(text);
	if (n > 0)
		memcpy(text, data, n);
	memset(&info, 'i', sizeof(info));
	again = info;
	if (lb_snapshot_info_parse(&info, text, n) < 0) {
		CHECK(memcmp(&info, &again, sizeof(info)) == 0);
	} else {
		CHECK(info.type < LB_SNAPSHOT_TYPES && info.forget <= LB_FORGET_ALL);
		CHECK(memchr(info.description, 0, sizeof(info.description)));
		CHECK(memchr(info.created, 0, sizeof(info.created)));
		(void)lb_snapshot_time(&made_s, info.created);
		CHECK(is_harmless(info.description) && is_harmless(info.created));
		n = lb_snapshot_info_format(out, &info);
		CHECK(n == strlen(out) && n < sizeof(out));
		CHECK(lb_snapshot_info_parse(&again, out, n) == 0);
		CHECK(again.type == info.type && again.roll_to == info.roll_to &&
		      again.forget == info.forget && again.wait_minutes == info.wait_minutes);
		CHECK(info.wait_minutes <= LB_SNAPSHOT_WAIT_MAX);
		CHECK(strcmp(again.description, info.description) == 0);
		CHECK(strcmp(again.created, info.created) == 0);
	}
	free(text);
	return 0;
}
