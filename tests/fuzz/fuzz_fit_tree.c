/* The first byte says in which pieces the rest, a flattened image tree, arrives. What is found out
 * is the same however it comes. */
#include "tests/fuzz/fuzz.h"

#include "image/fit_tree.h"

struct adder {
	bool open;
	uint64_t bytes;
};

static void adder_begin(void *ctx)
{
	struct adder *a = ctx;

	CHECK(!a->open);
	a->open = true;
	a->bytes = 0;
}

static void adder_data(void *ctx, const uint8_t *bytes, size_t n)
{
	struct adder *a = ctx;

	CHECK(a->open && n > 0);
	a->bytes += n;
}

static void adder_end(void *ctx, struct lb_fit_digests *out)
{
	struct adder *a = ctx;

	CHECK(a->open);
	a->open = false;
	memcpy(out->of[0], &a->bytes, sizeof(a->bytes));
}

static void feed(struct lb_fit_tree *t, struct adder *a, const uint8_t *data, size_t n, size_t step)
{
	const struct lb_fit_adder adder = {
		.ctx = a, .begin = adder_begin, .data = adder_data, .end = adder_end};

	lb_fit_tree_begin(t, &adder);
	for (size_t at = 0; at < n; at += step)
		lb_fit_tree_feed(t, data + at, n - at < step ? n - at : step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct lb_fit_tree whole, pieces;
	struct adder a = {0}, b = {0};

	if (n == 0)
		return 0;
	feed(&whole, &a, data + 1, n - 1, n);
	feed(&pieces, &b, data + 1, n - 1, 1 + data[0]);
	CHECK(whole.whole == pieces.whole && whole.error == pieces.error);
	CHECK(!whole.whole || whole.error == 0);
	if (!whole.whole)
		return 0;
	CHECK(!a.open && !b.open);
	CHECK(whole.image_count == pieces.image_count && whole.image_count <= LB_FIT_IMAGES_MAX);
	for (size_t i = 0; i < whole.image_count; i++) {
		struct lb_fit_image one, other;
		int rc = lb_fit_image(&whole, i, &one);

		CHECK(rc == 0 || rc == LB_E(FORMAT) || rc == LB_E(UNSUP));
		CHECK(lb_fit_image(&pieces, i, &other) == rc);
		CHECK(strnlen(one.name, LB_FIT_NAME_MAX) < LB_FIT_NAME_MAX);
		CHECK(strcmp(one.name, other.name) == 0);
		CHECK(one.inside == other.inside && one.behind == other.behind);
		CHECK(!(one.inside && one.behind));
		CHECK(one.hash_count == other.hash_count && one.hash_count <= LB_FIT_HASHES_MAX);
		CHECK(!one.inside || memcmp(one.seen, other.seen, sizeof(*one.seen)) == 0);
		CHECK(one.at <= INT64_MAX && one.size_bytes <= INT64_MAX);
	}
	return 0;
}
