#include "proto/netmsg.h"

#include <string.h>

#include "base/bytes.h"

#define MAGIC	   0xDEAD
#define TEXT_FIELD (LB_NETMSG_BYTES - 2)

_Static_assert(TEXT_FIELD == LB_NETMSG_TEXT_MAX + 1, "the longest text and its NUL fill the field");

int lb_netmsg_encode(uint8_t out[LB_NETMSG_BYTES], const char *text)
{
	struct lb_wr w = lb_wr_init(out, LB_NETMSG_BYTES);
	size_t len = strnlen(text, TEXT_FIELD);

	if (len > LB_NETMSG_TEXT_MAX)
		return LB_E(RANGE);
	memset(out, 0, LB_NETMSG_BYTES);
	lb_wr_be(&w, MAGIC, 2);
	lb_wr_bytes(&w, text, len);
	return 0;
}

int lb_netmsg_decode(char text[LB_NETMSG_TEXT_MAX + 1], const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n);
	uint16_t magic = lb_rd_be16(&r);
	const uint8_t *field = lb_rd_take(&r, TEXT_FIELD);
	size_t len;

	if (r.bad)
		return LB_E(TRUNC);
	if (lb_rd_left(&r) > 0)
		return LB_E(RANGE);
	len = strnlen((const char *)field, TEXT_FIELD);
	if (magic != MAGIC || len == TEXT_FIELD)
		return LB_E(FORMAT);
	memcpy(text, field, len + 1);
	return 0;
}
