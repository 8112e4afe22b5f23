/* The input is a captured frame. Its IP checksum is made right in a copy, or hardly any input would
 * come past it. */
#include "tests/fuzz/fuzz.h"

#include "proto/frame.h"

#define COPY_MAX 2048

static int parse(const uint8_t *data, size_t n)
{
	struct lb_frame f, before;
	int err;

	memset(&f, 0x55, sizeof(f));
	memcpy(&before, &f, sizeof(f));
	err = lb_frame_parse(&f, data, n);
	CHECK(err <= 0);
	if (err < 0) {
		CHECK(memcmp(&f, &before, sizeof(f)) == 0);
		return err;
	}
	CHECK(f.payload.p >= data + 42 && f.payload.p <= f.payload.end);
	CHECK(f.payload.end <= data + n && !f.payload.bad);
	CHECK(f.vlan <= 0xFFF && (f.tagged || f.vlan == 0));
	return 0;
}

static void seal(uint8_t *frame, size_t n)
{
	size_t ip = n > 13 && frame[12] == 0x81 && frame[13] == 0 ? 18 : 14;
	size_t bytes = n > ip ? (size_t)(frame[ip] & 15) * 4 : 0;
	uint32_t sum = 0;

	if (bytes < 20 || n < ip + bytes)
		return;
	frame[ip + 10] = frame[ip + 11] = 0;
	for (size_t i = ip; i < ip + bytes; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = (sum & 0xFFFF) + (sum >> 16);
	sum = (sum & 0xFFFF) + (sum >> 16);
	frame[ip + 10] = (uint8_t)(~sum >> 8);
	frame[ip + 11] = (uint8_t)~sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t copy[COPY_MAX];
	size_t len = n < sizeof(copy) ? n : sizeof(copy);

	(void)parse(data, n);
	memcpy(copy, data, len);
	seal(copy, len);
	CHECK(parse(copy, len) != LB_E(CRC));
	return 0;
}
