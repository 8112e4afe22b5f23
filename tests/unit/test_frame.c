#include "tests/t.h"

#include "proto/frame.h"

/* 192.168.1.1:40000 -> 192.168.1.255:4919, payload "hello"; build() fills in the IP checksum. */
static const uint8_t golden[] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0, 0,	 0,  0,	   0x01, 0x08, 0x00, /* Ethernet */
	0x45, 0,    0,	  33,	0,    0,    0x40, 0, 64, 17, 0x00, 0x00, 192,  168,
	1,    1,    192,  168,	1,    255,	     /* IP */
	0x9C, 0x40, 0x13, 0x37, 0,    13,   0,	  0, /* UDP */
	'h',  'e',  'l',  'l',	'o',
};

enum {
	ETH = 14,
	IP = 20,
	UDP = 8,
	CHECKSUM = ETH + 10
};

/* Set the checksum by the definition of RFC 791, in another way than the parser verifies it. */
static void seal(uint8_t *ip, size_t header)
{
	uint32_t sum = 0;

	ip[10] = ip[11] = 0;
	for (size_t i = 0; i < header; i += 2) {
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
		if (sum > 0xFFFF)
			sum -= 0xFFFF;
	}
	ip[10] = (uint8_t)(~sum >> 8);
	ip[11] = (uint8_t)~sum;
}

static void build(uint8_t out[sizeof(golden)])
{
	memcpy(out, golden, sizeof(golden));
	seal(out + ETH, IP);
}

static void refused(const void *buf, size_t n, int err)
{
	struct lb_frame f, before;

	memset(&f, 0x55, sizeof(f));
	memcpy(&before, &f, sizeof(f));
	assert_int_equal(lb_frame_parse(&f, buf, n), err);
	assert_memory_equal(&f, &before, sizeof(f));
}

static void frame__udp_broadcast__gives_addresses_ports_and_payload(void **state)
{
	uint8_t buf[sizeof(golden)];
	struct lb_frame f;

	build(buf);
	assert_int_equal(lb_frame_parse(&f, buf, sizeof(buf)), 0);
	assert_memory_equal(f.src_mac, "\2\0\0\0\0\1", 6);
	assert_false(f.tagged);
	assert_int_equal(f.src_ip, 0xC0A80101);
	assert_int_equal(f.dst_ip, 0xC0A801FF);
	assert_int_equal(f.src_port, 40000);
	assert_int_equal(f.dst_port, 4919);
	assert_int_equal(lb_rd_left(&f.payload), 5);
	assert_memory_equal(f.payload.p, "hello", 5);
}

static void frame__every_truncation__is_refused_and_out_untouched(void **state)
{
	uint8_t buf[sizeof(golden)];

	build(buf);
	for (size_t n = 0; n < sizeof(buf); n++)
		refused(buf, n, LB_E(TRUNC));
}

static void frame__vlan_tag__is_read_and_skipped(void **state)
{
	uint8_t plain[sizeof(golden)], buf[sizeof(golden) + 4];
	struct lb_frame f;

	build(plain);
	memcpy(buf, plain, 12);
	memcpy(buf + 12, "\x81\x00\xE0\x2A", 4); /* priority 7, VLAN 42 */
	memcpy(buf + 16, plain + 12, sizeof(plain) - 12);
	assert_int_equal(lb_frame_parse(&f, buf, sizeof(buf)), 0);
	assert_true(f.tagged);
	assert_int_equal(f.vlan, 42);
	assert_int_equal(f.dst_port, 4919);
	for (size_t n = 0; n < sizeof(buf); n++)
		refused(buf, n, LB_E(TRUNC));
}

static void frame__padding_of_a_short_frame__is_not_payload(void **state)
{
	uint8_t buf[60] = {0};
	struct lb_frame f;

	build(buf);
	assert_int_equal(lb_frame_parse(&f, buf, sizeof(buf)), 0);
	assert_int_equal(lb_rd_left(&f.payload), 5);
}

static void frame__ip_options__are_skipped(void **state)
{
	uint8_t plain[sizeof(golden)], buf[sizeof(golden) + 4];
	struct lb_frame f;

	build(plain);
	memcpy(buf, plain, ETH + IP);
	memset(buf + ETH + IP, 1, 4); /* no-operation options */
	memcpy(buf + ETH + IP + 4, plain + ETH + IP, UDP + 5);
	buf[ETH] = 0x46;
	buf[ETH + 3] = 37;
	seal(buf + ETH, IP + 4);
	assert_int_equal(lb_frame_parse(&f, buf, sizeof(buf)), 0);
	assert_memory_equal(f.payload.p, "hello", 5);
}

static void frame__any_flipped_bit_of_the_ip_header__is_refused(void **state)
{
	for (size_t bit = 0; bit < IP * 8; bit++) {
		uint8_t buf[sizeof(golden)];
		struct lb_frame f;

		build(buf);
		buf[ETH + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(lb_frame_parse(&f, buf, sizeof(buf)) < 0);
	}
}

/* Change one byte, make the checksum right again, and expect `err`. */
static void changed(size_t off, uint8_t value, int err)
{
	uint8_t buf[sizeof(golden)];

	build(buf);
	buf[off] = value;
	if (off >= ETH && off < ETH + IP && off != CHECKSUM)
		seal(buf + ETH, IP);
	refused(buf, sizeof(buf), err);
}

static void frame__wrong_frames__are_refused_and_out_untouched(void **state)
{
	changed(12, 0x86, LB_E(FORMAT));     /* not IPv4 */
	changed(ETH, 0x65, LB_E(FORMAT));    /* version 6 */
	changed(ETH, 0x44, LB_E(RANGE));     /* header of 16 bytes */
	changed(ETH + 3, 19, LB_E(RANGE));   /* packet shorter than its header */
	changed(ETH + 3, 34, LB_E(TRUNC));   /* packet longer than the frame */
	changed(ETH + 3, 27, LB_E(TRUNC));   /* no room for the UDP header */
	changed(ETH + 6, 0x20, LB_E(UNSUP)); /* more fragments */
	changed(ETH + 7, 0x01, LB_E(UNSUP)); /* fragment offset */
	changed(ETH + 9, 6, LB_E(FORMAT));   /* TCP */
	changed(CHECKSUM, 0x12, LB_E(CRC));
	changed(ETH + IP + 5, 7, LB_E(RANGE));	/* UDP length below its header */
	changed(ETH + IP + 5, 14, LB_E(RANGE)); /* UDP length past the packet */
}

TESTS(unit(frame__udp_broadcast__gives_addresses_ports_and_payload),
      unit(frame__every_truncation__is_refused_and_out_untouched),
      unit(frame__vlan_tag__is_read_and_skipped),
      unit(frame__padding_of_a_short_frame__is_not_payload), unit(frame__ip_options__are_skipped),
      unit(frame__any_flipped_bit_of_the_ip_header__is_refused),
      unit(frame__wrong_frames__are_refused_and_out_untouched))
