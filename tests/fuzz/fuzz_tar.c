/* The first byte says in which pieces the rest, an archive, arrives. Its members are the same
 * however it comes. */
#include "tests/fuzz/fuzz.h"

#include "base/crc32.h"
#include "image/medkit.h"
#include "image/tar.h"
#include "tables/limits.h"

struct walk {
	uint32_t sum; /* of all that was told */
	unsigned members;
	const struct lb_tar *tar;
	const uint8_t *archive;
	uint64_t data_at, told_bytes; /* of the member that is under way */
};

static void see(void *ctx, const struct lb_tar_header *h, const char *text, size_t text_len)
{
	struct lb_medkit_content content = {0};
	struct walk *w = ctx;
	char board[LB_NAME_MAX];
	struct lb_medkit_name name;

	CHECK(strnlen(h->name, LB_TAR_NAME_MAX) < LB_TAR_NAME_MAX);
	CHECK(text_len <= LB_TAR_TEXT_MAX && text[text_len] == '\0');
	CHECK(h->size_bytes <= INT64_MAX);
	w->sum = lb_crc32(w->sum, h->name, strlen(h->name));
	w->sum = lb_crc32(w->sum, text, text_len);
	w->members++;
	lb_medkit_member(&content, h->name);
	if (lb_medkit_name_parse(&name, h->name) == 0)
		CHECK(name.board[0]);
	if (lb_sysupgrade_board(board, h->name) == 0)
		CHECK(board[0] && !strchr(board, '/'));
}

/* The bytes that stand there, each once. */
static void see_data(void *ctx, const struct lb_tar_header *h, const uint8_t *data, size_t n)
{
	struct walk *w = ctx;

	if (w->data_at != w->tar->data_at)
		w->told_bytes = 0;
	w->data_at = w->tar->data_at;
	CHECK(n > 0 && w->told_bytes + n <= h->size_bytes);
	CHECK(memcmp(w->archive + w->data_at + w->told_bytes, data, n) == 0);
	w->told_bytes += n;
}

static int walk(struct walk *w, const uint8_t *data, size_t n, size_t step)
{
	struct lb_tar t = lb_tar_init(see, w);
	int rc;

	t.data = see_data;
	w->tar = &t;
	w->archive = data;
	for (size_t at = 0; at < n; at += step)
		lb_tar_feed(&t, data + at, n - at < step ? n - at : step);
	CHECK(t.members == w->members);
	rc = lb_tar_end(&t);
	CHECK(rc == 0 || rc == LB_E(TRUNC) || rc == LB_E(CRC) || rc == LB_E(FORMAT));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct walk whole = {0}, pieces = {0};
	struct lb_tar_header h;

	if (n == 0)
		return 0;
	CHECK(walk(&whole, data + 1, n - 1, n) == walk(&pieces, data + 1, n - 1, 1 + data[0]));
	CHECK(whole.members == pieces.members && whole.sum == pieces.sum);
	CHECK(n - 1 >= LB_TAR_BLOCK || lb_tar_parse(&h, data + 1, n - 1) == LB_E(TRUNC));
	return 0;
}
