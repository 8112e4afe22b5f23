/* The input is an announcement. */
#include "tests/fuzz/fuzz.h"

#include "proto/announce.h"

static void check_same(const struct lb_announce *x, const struct lb_announce *y)
{
#define SAME_CODE(m)				   CHECK(x->m == y->m)
#define SAME_NUMBER(m)				   CHECK(x->m == y->m)
#define SAME_TEXT(m)				   CHECK(strcmp(x->m, y->m) == 0)
#define FIELD(id, tag, kind, member, absent, help) SAME_##kind(member);
#include "tables/announce.def"
#undef FIELD
}

static void check_bounds(const struct lb_announce *a)
{
#define BOUNDS_CODE(m)
#define BOUNDS_NUMBER(m)
#define BOUNDS_TEXT(m)				   CHECK(memchr(a->m, 0, sizeof(a->m)));
#define FIELD(id, tag, kind, member, absent, help) BOUNDS_##kind(member)
#include "tables/announce.def"
#undef FIELD
}

static void check_round_trip(const struct lb_announce *a)
{
	uint8_t out[LB_ANNOUNCE_BYTES_MAX];
	struct lb_announce back;
	int n = lb_announce_encode(out, a);

	CHECK(n > 0 && n <= LB_ANNOUNCE_BYTES_MAX);
	CHECK(lb_announce_decode(&back, out, (size_t)n) == 0);
	check_same(a, &back);
	for (int cut = 0; cut < n; cut++)
		CHECK(lb_announce_decode(&back, out, (size_t)cut) == LB_E(TRUNC));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_announce a, before;
	int err;

	memset(&a, 0x55, sizeof(a));
	memcpy(&before, &a, sizeof(a));
	err = lb_announce_decode(&a, data, n);
	CHECK(err <= 0);
	if (err < 0) {
		CHECK(memcmp(&a, &before, sizeof(a)) == 0);
		return 0;
	}
	CHECK(n <= LB_ANNOUNCE_BYTES_MAX);
	check_bounds(&a);
	check_round_trip(&a);
	return 0;
}
