#include "tests/t.h"

#include "proto/netmsg.h"

static void netmsg__window_text__has_the_bytes_that_openwrt_sends(void **state)
{
	uint8_t out[LB_NETMSG_BYTES];
	const size_t len = strlen(LB_NETMSG_WINDOW_TEXT);

	memset(out, 0x55, sizeof(out));
	assert_int_equal(lb_netmsg_encode(out, LB_NETMSG_WINDOW_TEXT), 0);
	assert_int_equal(sizeof(out), 1001);
	assert_int_equal(LB_NETMSG_PORT, 0x1337);
	assert_memory_equal(out, "\xDE\xADPlease press button now to enter failsafe", 2 + len);
	for (size_t i = 2 + len; i < sizeof(out); i++)
		assert_int_equal(out[i], 0);
}

static void netmsg__longest_text__survives_the_round_trip(void **state)
{
	uint8_t out[LB_NETMSG_BYTES];
	char text[LB_NETMSG_TEXT_MAX + 1], back[LB_NETMSG_TEXT_MAX + 1];

	memset(text, 'x', LB_NETMSG_TEXT_MAX);
	text[LB_NETMSG_TEXT_MAX] = '\0';
	assert_int_equal(lb_netmsg_encode(out, text), 0);
	assert_int_equal(lb_netmsg_decode(back, out, sizeof(out)), 0);
	assert_string_equal(back, text);
}

static void netmsg__text_one_byte_too_long__is_refused_and_out_untouched(void **state)
{
	uint8_t out[LB_NETMSG_BYTES], before[LB_NETMSG_BYTES];
	char text[LB_NETMSG_TEXT_MAX + 2];

	memset(text, 'x', LB_NETMSG_TEXT_MAX + 1);
	text[LB_NETMSG_TEXT_MAX + 1] = '\0';
	memset(out, 0x55, sizeof(out));
	memcpy(before, out, sizeof(out));
	assert_int_equal(lb_netmsg_encode(out, text), LB_E(RANGE));
	assert_memory_equal(out, before, sizeof(out));
}

static void refused(const void *buf, size_t n, int err)
{
	char text[LB_NETMSG_TEXT_MAX + 1] = "before";

	assert_int_equal(lb_netmsg_decode(text, buf, n), err);
	assert_string_equal(text, "before");
}

static void netmsg__every_truncation__is_refused_and_text_untouched(void **state)
{
	uint8_t out[LB_NETMSG_BYTES];

	assert_int_equal(lb_netmsg_encode(out, LB_NETMSG_WINDOW_TEXT), 0);
	for (size_t n = 0; n < sizeof(out); n++)
		refused(out, n, LB_E(TRUNC));
}

static void netmsg__wrong_datagram__is_refused_and_text_untouched(void **state)
{
	uint8_t out[LB_NETMSG_BYTES + 1] = {0};

	assert_int_equal(lb_netmsg_encode(out, "hello"), 0);
	refused(out, LB_NETMSG_BYTES + 1, LB_E(RANGE));
	out[1] = 0xAC;
	refused(out, LB_NETMSG_BYTES, LB_E(FORMAT));
	out[1] = 0xAD;
	memset(out + 2, 'x', LB_NETMSG_BYTES - 2);
	refused(out, LB_NETMSG_BYTES, LB_E(FORMAT));
}

TESTS(unit(netmsg__window_text__has_the_bytes_that_openwrt_sends),
      unit(netmsg__longest_text__survives_the_round_trip),
      unit(netmsg__text_one_byte_too_long__is_refused_and_out_untouched),
      unit(netmsg__every_truncation__is_refused_and_text_untouched),
      unit(netmsg__wrong_datagram__is_refused_and_text_untouched))
