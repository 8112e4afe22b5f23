/* The first byte says in which pieces the rest, an image, arrives. What is found out is the same
 * however it comes. */
#include "tests/fuzz/fuzz.h"

#include "install/scan.h"

static void scan(struct lb_scan *s, const uint8_t *data, size_t n, size_t step)
{
	CHECK(lb_scan_begin(s, NULL, false) == 0);
	for (size_t at = 0; at < n; at += step)
		lb_scan_feed(s, data + at, n - at < step ? n - at : step);
	lb_scan_end(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct lb_scan whole, pieces;

	if (n == 0)
		return 0;
	scan(&whole, data + 1, n - 1, n);
	scan(&pieces, data + 1, n - 1, 1 + data[0]);
	CHECK(strcmp(whole.damage, pieces.damage) == 0);
	CHECK(whole.file.image.kind == pieces.file.image.kind);
	CHECK(lb_scan_inside(&whole) == lb_scan_inside(&pieces));
	CHECK(lb_scan_payload_bytes(&whole) == lb_scan_payload_bytes(&pieces));
	CHECK(memcmp(whole.sha256, pieces.sha256, sizeof(whole.sha256)) == 0);
	CHECK(whole.summed == pieces.summed && whole.has_metadata == pieces.has_metadata);
	CHECK(whole.file.size_bytes == n - 1);
	CHECK(!whole.has_signature || whole.signed_bytes + whole.signature_len < n);
	return 0;
}
