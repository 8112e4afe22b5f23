#include "proto/frame.h"

#define TYPE_IPV4      0x0800
#define TYPE_VLAN      0x8100
#define PROTO_UDP      17
#define IP_HEADER_MIN  20
#define UDP_HEADER     8
#define FRAGMENT_BITS  0x3FFF /* more fragments, and the offset */
#define VLAN_ID_BITS   0x0FFF
#define IP_CHECKSUM_OK 0xFFFF

static int parse_ethernet(struct lb_frame *f, struct lb_rd *r)
{
	const uint8_t *src;
	uint16_t type;

	(void)lb_rd_take(r, LB_MAC_BYTES);
	src = lb_rd_take(r, LB_MAC_BYTES);
	type = lb_rd_be16(r);
	if (type == TYPE_VLAN) {
		f->tagged = true;
		f->vlan = lb_rd_be16(r) & VLAN_ID_BITS;
		type = lb_rd_be16(r);
	}
	if (r->bad)
		return LB_E(TRUNC);
	memcpy(f->src_mac, src, LB_MAC_BYTES);
	return type == TYPE_IPV4 ? 0 : LB_E(FORMAT);
}

static bool checksum_is_right(struct lb_rd header)
{
	uint32_t sum = 0;

	while (lb_rd_left(&header) > 0)
		sum += lb_rd_be16(&header);
	/* At most 30 words: two folds take in every carry. */
	sum = (sum & 0xFFFF) + (sum >> 16);
	sum = (sum & 0xFFFF) + (sum >> 16);
	return sum == IP_CHECKSUM_OK;
}

/* Leaves in `body` what the IP packet carries, without the padding of a short Ethernet frame. */
static int parse_ipv4(struct lb_frame *f, struct lb_rd r, struct lb_rd *body)
{
	struct lb_rd h = r, header;
	uint8_t version_ihl = lb_rd_u8(&h);
	size_t header_bytes = (size_t)(version_ihl & 0x0F) * 4;
	uint16_t total, fragment;
	uint8_t protocol;

	(void)lb_rd_u8(&h); /* type of service */
	total = lb_rd_be16(&h);
	(void)lb_rd_be16(&h); /* identification */
	fragment = lb_rd_be16(&h);
	(void)lb_rd_u8(&h); /* time to live */
	protocol = lb_rd_u8(&h);
	(void)lb_rd_be16(&h); /* checksum: summed with the rest */
	f->src_ip = lb_rd_be32(&h);
	f->dst_ip = lb_rd_be32(&h);
	header = lb_rd_sub(&r, header_bytes);
	if (h.bad || r.bad)
		return LB_E(TRUNC);
	if (version_ihl >> 4 != 4)
		return LB_E(FORMAT);
	if (header_bytes < IP_HEADER_MIN || total < header_bytes)
		return LB_E(RANGE);
	if (!checksum_is_right(header))
		return LB_E(CRC);
	if (fragment & FRAGMENT_BITS)
		return LB_E(UNSUP);
	if (protocol != PROTO_UDP)
		return LB_E(FORMAT);
	*body = lb_rd_sub(&r, total - header_bytes);
	return body->bad ? LB_E(TRUNC) : 0;
}

static int parse_udp(struct lb_frame *f, struct lb_rd *r)
{
	uint16_t len;

	f->src_port = lb_rd_be16(r);
	f->dst_port = lb_rd_be16(r);
	len = lb_rd_be16(r);
	(void)lb_rd_be16(r); /* checksum */
	if (r->bad)
		return LB_E(TRUNC);
	if (len < UDP_HEADER || (size_t)len - UDP_HEADER > lb_rd_left(r))
		return LB_E(RANGE);
	f->payload = lb_rd_sub(r, (size_t)len - UDP_HEADER);
	return 0;
}

int lb_frame_parse(struct lb_frame *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n), body;
	struct lb_frame f = {0};
	int err = parse_ethernet(&f, &r);

	if (err == 0)
		err = parse_ipv4(&f, r, &body);
	if (err == 0)
		err = parse_udp(&f, &body);
	if (err == 0)
		*out = f;
	return err;
}
