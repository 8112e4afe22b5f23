/* The input is what one read() of a rtnetlink socket gave. */
#include "tests/fuzz/fuzz.h"

#include "plan/rtnl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_rd r = lb_rd_init(data, n);
	struct lb_rtnl_event e;
	size_t left = n;

	while (lb_rtnl_next(&e, &r)) {
		CHECK(lb_rd_left(&r) < left);
		left = lb_rd_left(&r);
		CHECK(e.kind <= LB_RTNL_DNS6 && e.dns_count <= LB_DNS_MAX);
		CHECK(e.dns_count == 0 || e.kind == LB_RTNL_DNS6);
	}
	CHECK(e.kind == LB_RTNL_OTHER);
	return 0;
}
