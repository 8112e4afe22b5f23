/* The first byte of each step picks an operation of the reader; a writer copies what it reads. */
#include "tests/fuzz/fuzz.h"

#include "base/bytes.h"

static void read_child(struct lb_rd *r, size_t n)
{
	size_t before = lb_rd_left(r);
	bool was_bad = r->bad;
	struct lb_rd child = lb_rd_sub(r, n);

	CHECK(child.bad == (was_bad || n > before));
	CHECK(child.bad || lb_rd_left(&child) == n);
	CHECK(child.bad || child.end <= r->end);
}

static void read_text(struct lb_rd *r)
{
	char out[16] = "before";
	struct lb_rd copy = *r;

	lb_rd_str(&copy, out, sizeof(out));
	CHECK(memchr(out, 0, sizeof(out)));
	CHECK(copy.bad ? out[0] == '\0' : strlen(out) == lb_rd_left(r));
}

static void step(struct lb_rd *r, struct lb_wr *w, uint8_t op)
{
	size_t width = op & 7;
	size_t before = lb_rd_left(r);
	bool was_bad = r->bad;

	switch (op >> 6) {
	case 0:
		lb_wr_be(w, lb_rd_be(r, width), width);
		break;
	case 1:
		(void)lb_rd_le(r, width);
		break;
	case 2:
		read_child(r, op & 63);
		return;
	default:
		read_text(r);
		return;
	}
	CHECK(r->bad == (was_bad || width > before));
	CHECK(r->bad || lb_rd_left(r) == before - width);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t out[32];
	struct lb_rd r = lb_rd_init(data, n);
	struct lb_wr w = lb_wr_init(out, sizeof(out));

	while (!r.bad && lb_rd_left(&r) > 0) {
		step(&r, &w, lb_rd_u8(&r));
		CHECK(lb_wr_used(&w) <= sizeof(out));
		CHECK(r.p <= r.end);
	}
	return 0;
}
