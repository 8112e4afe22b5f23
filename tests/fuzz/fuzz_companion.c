/* The input is NAME.md5 or NAME.sha256. */
#include "tests/fuzz/fuzz.h"

#include "image/companion.h"

static int read_hash(uint8_t hash[LB_HASH_MAX], size_t hash_len, const uint8_t *data, size_t n)
{
	memset(hash, 0x5A, LB_HASH_MAX);
	return lb_companion_parse(hash, hash_len, "image.bin", data, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t hash[LB_HASH_MAX];

	for (size_t hash_len = 16; hash_len <= LB_HASH_MAX; hash_len += 16) {
		int rc = read_hash(hash, hash_len, data, n);

		CHECK(rc == 0 || rc == LB_E(FORMAT));
		for (size_t i = rc < 0 ? 0 : hash_len; i < LB_HASH_MAX; i++)
			CHECK(hash[i] == 0x5A);
		CHECK(rc < 0 || n >= 2 * hash_len);
	}
	return 0;
}
