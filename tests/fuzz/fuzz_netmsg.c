/* The input is a datagram; as far as it is a text it is also encoded. */
#include "tests/fuzz/fuzz.h"

#include "proto/netmsg.h"

static void decode(const uint8_t *data, size_t n)
{
	char text[LB_NETMSG_TEXT_MAX + 1], again[LB_NETMSG_TEXT_MAX + 1];
	uint8_t out[LB_NETMSG_BYTES];
	int err;

	memset(text, 0x55, sizeof(text));
	err = lb_netmsg_decode(text, data, n);
	CHECK(err <= 0);
	if (err < 0) {
		for (size_t i = 0; i < sizeof(text); i++)
			CHECK(text[i] == 0x55);
		return;
	}
	CHECK(n == LB_NETMSG_BYTES && memchr(text, 0, sizeof(text)));
	CHECK(lb_netmsg_encode(out, text) == 0);
	CHECK(lb_netmsg_decode(again, out, sizeof(out)) == 0 && strcmp(text, again) == 0);
}

static void encode(const uint8_t *data, size_t n)
{
	char text[2 * LB_NETMSG_BYTES], back[LB_NETMSG_TEXT_MAX + 1];
	uint8_t out[LB_NETMSG_BYTES];
	size_t len = n < sizeof(text) ? n : sizeof(text) - 1;
	int err;

	memcpy(text, data, len);
	text[len] = '\0';
	memset(out, 0x55, sizeof(out));
	err = lb_netmsg_encode(out, text);
	CHECK((err < 0) == (strlen(text) > LB_NETMSG_TEXT_MAX));
	if (err < 0)
		CHECK(out[0] == 0x55 && out[sizeof(out) - 1] == 0x55);
	else
		CHECK(lb_netmsg_decode(back, out, sizeof(out)) == 0 && strcmp(text, back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	decode(data, n);
	encode(data, n);
	return 0;
}
