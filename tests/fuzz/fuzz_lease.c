/* The input is what was told of a DHCP server's answer. */
#include "tests/fuzz/fuzz.h"

#include "plan/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_lease l, before;
	int rc;

	memset(&l, 0x5A, sizeof(l));
	before = l;
	rc = lb_lease_parse(&l, data, n);
	CHECK(rc == 0 || rc == LB_E(FORMAT));
	if (rc < 0) {
		CHECK(memcmp(&l, &before, sizeof(l)) == 0);
		return 0;
	}
	CHECK(l.address >> 24 != 0 && l.address >> 28 < 14);
	CHECK(l.prefix_bits >= 1 && l.prefix_bits <= 32);
	CHECK(l.router == 0 || (l.router >> 24 != 0 && l.router >> 28 < 14));
	CHECK(l.dns_count <= LB_DNS_MAX);
	for (size_t i = 0; i < l.dns_count; i++)
		CHECK(l.dns[i] >> 24 != 0 && l.dns[i] >> 24 != 127 && l.dns[i] >> 28 < 14);
	return 0;
}
