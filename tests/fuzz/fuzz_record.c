/* The input is a payload, sealed as docs/record.md tells it: a CRC would keep the fuzzer out.
 * Whatever is accepted can be encoded, and decodes to the same again. */
#include "tests/fuzz/fuzz.h"

#include "base/bytes.h"
#include "base/crc32.h"
#include "plan/record.h"

#define HEADER_BYTES 28
#define CRC_AT	     24

static uint8_t copy[LB_RECORD_BYTES], again[LB_RECORD_BYTES];
static struct lb_record out, before, second;

static void seal(const uint8_t *payload, size_t n)
{
	struct lb_wr w = lb_wr_init(copy, sizeof(copy));
	uint32_t crc;

	memset(copy, 0, sizeof(copy));
	lb_wr_bytes(&w, "LBRECORD\0\1\0\0", 12);
	lb_wr_be(&w, 7, 8);
	lb_wr_be(&w, n, 4);
	lb_wr_be(&w, 0, 4);
	lb_wr_bytes(&w, payload, n);
	CHECK(!w.bad);
	crc = lb_crc32(lb_crc32(0, copy, CRC_AT), copy + HEADER_BYTES, sizeof(copy) - HEADER_BYTES);
	w = lb_wr_init(copy + CRC_AT, 4);
	lb_wr_be(&w, crc, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t seq = 0;
	int rc;

	CHECK(lb_record_decode(&out, data, n) < 0 || n == LB_RECORD_BYTES);
	if (n > LB_RECORD_BYTES - HEADER_BYTES)
		return 0;
	seal(data, n);
	memset(&before, 0xA5, sizeof(before));
	memset(&out, 0xA5, sizeof(out));
	rc = lb_record_decode(&out, copy, sizeof(copy));
	CHECK(rc <= 0);
	CHECK(lb_record_check(&seq, copy, sizeof(copy)) == (rc == 0));
	CHECK(seq == 7);
	if (rc < 0) {
		CHECK(memcmp(&out, &before, sizeof(out)) == 0);
		return 0;
	}
	CHECK(lb_record_encode(&out, again) == 0);
	CHECK(lb_record_decode(&second, again, sizeof(again)) == 0);
	CHECK(second.seq == out.seq && second.boot_count == out.boot_count);
	CHECK(second.log_len == out.log_len && memcmp(second.log, out.log, out.log_len) == 0);
	CHECK(second.host_key_len == out.host_key_len);
	CHECK(memcmp(second.host_key, out.host_key, out.host_key_len) == 0);
	return 0;
}
