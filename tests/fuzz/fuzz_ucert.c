/* The input is a certificate chain. */
#include "tests/fuzz/fuzz.h"

#include "image/ucert.h"

static void check_id(const char id[LB_USIGN_ID_TEXT])
{
	CHECK(strnlen(id, LB_USIGN_ID_TEXT) == LB_USIGN_ID_TEXT - 1);
	CHECK(strspn(id, "0123456789abcdef") == LB_USIGN_ID_TEXT - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_ucert_chain chain = {.count = 99};
	int rc = lb_ucert_parse(&chain, data, n);

	CHECK(rc == 0 || rc == LB_E(FORMAT) || rc == LB_E(UNSUP) || rc == LB_E(RANGE));
	if (rc < 0) {
		CHECK(chain.count == 99);
		return 0;
	}
	CHECK(chain.count <= LB_UCERT_MAX);
	check_id(chain.image.id);
	for (size_t i = 0; i < chain.count; i++) {
		const struct lb_ucert *c = &chain.cert[i];

		check_id(c->id);
		check_id(c->signature.id);
		CHECK(c->payload >= data && c->payload_len <= (size_t)(data + n - c->payload));
		CHECK(c->from_s >= 0 && c->until_s >= 0);
		CHECK(c->revokes || strcmp(c->id, c->key.id) == 0);
	}
	return 0;
}
