#include "image/tar.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "tables/limits.h"

#define NAME_LEN     100
#define SIZE_AT	     124
#define SIZE_LEN     12
#define SUM_AT	     148
#define SUM_LEN	     8
#define TYPE_AT	     156
#define MAGIC_AT     257
#define PREFIX_AT    345
#define PREFIX_LEN   155
#define SIZE_MAX_TAR (UINT64_C(1) << 60) /* larger is no size: sums of it must not wrap */

/* Octal digits with blanks around them, or GNU's binary form for what does not fit. */
static int parse_number(uint64_t *out, const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	size_t i = 0;

	if (p[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (v > SIZE_MAX_TAR >> 8)
				return LB_E(RANGE);
			v = v << 8 | p[i];
		}
		*out = v;
		return 0;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	if (i < n && p[i] != ' ' && p[i] != 0)
		return LB_E(FORMAT);
	*out = v;
	return 0;
}

/* The sum of all bytes, those of the sum itself taken as blanks. */
static bool sum_is_right(const uint8_t *block)
{
	uint64_t want, sum = 0;

	for (size_t i = 0; i < LB_TAR_BLOCK; i++)
		sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : block[i];
	return parse_number(&want, block + SUM_AT, SUM_LEN) == 0 && want == sum;
}

static void join_name(char out[LB_TAR_NAME_MAX], const uint8_t *block)
{
	/* GNU's own format has other things where ustar has the prefix. */
	const bool ustar = memcmp(block + MAGIC_AT, "ustar\0", 6) == 0;
	const size_t prefix_len = ustar ? strnlen((const char *)block + PREFIX_AT, PREFIX_LEN) : 0;
	const size_t name_len = strnlen((const char *)block, NAME_LEN);
	size_t used = 0;

	_Static_assert(PREFIX_LEN + 1 + NAME_LEN == LB_TAR_NAME_MAX, "the longest leaves no NUL");
	if (prefix_len + 1 + name_len >= LB_TAR_NAME_MAX) {
		out[0] = '\0';
		return;
	}
	memcpy(out, block + PREFIX_AT, prefix_len);
	used = prefix_len;
	if (prefix_len > 0)
		out[used++] = '/';
	memcpy(out + used, block, name_len);
	out[used + name_len] = '\0';
	if (strncmp(out, "./", 2) == 0)
		memmove(out, out + 2, strlen(out + 2) + 1);
}

int lb_tar_parse(struct lb_tar_header *out, const void *block, size_t n)
{
	struct lb_rd r = lb_rd_init(block, n);
	const uint8_t *p = lb_rd_take(&r, LB_TAR_BLOCK);
	struct lb_tar_header h = {0};

	if (!p)
		return LB_E(TRUNC);
	if (!sum_is_right(p))
		return LB_E(CRC);
	if (parse_number(&h.size_bytes, p + SIZE_AT, SIZE_LEN) < 0 || h.size_bytes > SIZE_MAX_TAR)
		return LB_E(FORMAT);
	h.type = p[TYPE_AT] ? (char)p[TYPE_AT] : '0';
	join_name(h.name, p);
	*out = h;
	return 0;
}

struct lb_tar lb_tar_init(lb_tar_member *member, void *ctx)
{
	return (struct lb_tar){.member = member, .ctx = ctx};
}

static void member_is_over(struct lb_tar *t)
{
	const char type = t->header.type;

	t->text[t->text_len] = '\0';
	/* These say something about the member that follows. */
	if (type == 'L' || type == 'x') {
		t->long_name_next = type == 'L' || strstr(t->text, " path=");
		return;
	}
	if (type == 'g' || type == 'K')
		return;
	t->members++;
	if (t->member)
		t->member(t->ctx, &t->header, t->text, t->text_len);
}

static bool has_data(char type)
{
	return type == '0' || type == '7' || type == 'L' || type == 'K' || type == 'x' ||
	       type == 'g' || type == 'S';
}

static void start_member(struct lb_tar *t)
{
	t->data_left = has_data(t->header.type) ? t->header.size_bytes : 0;
	t->padding_left = (LB_TAR_BLOCK - t->data_left % LB_TAR_BLOCK) % LB_TAR_BLOCK;
	t->text_len = 0;
	if (t->header.type != 'L' && t->header.type != 'x' && t->long_name_next) {
		t->header.name[0] = '\0';
		t->long_name_next = false;
	}
	if (t->data_left == 0)
		member_is_over(t);
}

static void take_header(struct lb_tar *t)
{
	static const uint8_t zeros[LB_TAR_BLOCK];

	t->block_used = 0;
	if (memcmp(t->block, zeros, sizeof(zeros)) == 0) {
		t->zero_blocks++;
		return;
	}
	/* A single one in the middle comes from a known tool: OpenWrt's settings archives. */
	t->zero_blocks = 0;
	t->error = lb_tar_parse(&t->header, t->block, sizeof(t->block));
	if (t->error == 0)
		start_member(t);
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

static void take_data(struct lb_tar *t, struct lb_rd *r)
{
	const size_t taken = least(t->data_left, lb_rd_left(r));
	const size_t kept = least(LB_TAR_TEXT_MAX - t->text_len, taken);
	const uint8_t *data = lb_rd_take(r, taken);

	memcpy(t->text + t->text_len, data, kept);
	t->text_len += kept;
	if (t->data)
		t->data(t->ctx, &t->header, data, taken);
	t->data_left -= taken;
	if (t->data_left == 0)
		member_is_over(t);
}

static void take_padding(struct lb_tar *t, struct lb_rd *r)
{
	const size_t skipped = least(t->padding_left, lb_rd_left(r));

	(void)lb_rd_take(r, skipped);
	t->padding_left -= skipped;
}

static void take_block(struct lb_tar *t, struct lb_rd *r)
{
	const size_t taken = least(LB_TAR_BLOCK - t->block_used, lb_rd_left(r));

	memcpy(t->block + t->block_used, lb_rd_take(r, taken), taken);
	t->block_used += taken;
	t->data_at = t->taken_bytes + taken;
	if (t->block_used == LB_TAR_BLOCK)
		take_header(t);
}

void lb_tar_feed(struct lb_tar *t, const void *data, size_t n)
{
	struct lb_rd r = lb_rd_init(data, n);

	while (lb_rd_left(&r) > 0 && t->error == 0 && t->zero_blocks < 2) {
		const size_t left = lb_rd_left(&r);

		if (t->data_left > 0)
			take_data(t, &r);
		else if (t->padding_left > 0)
			take_padding(t, &r);
		else
			take_block(t, &r);
		t->taken_bytes += left - lb_rd_left(&r);
	}
}

int lb_tar_end(const struct lb_tar *t)
{
	if (t->error < 0)
		return t->error;
	return t->zero_blocks >= 2 ? 0 : LB_E(TRUNC);
}

int lb_sysupgrade_board(char *out, const char *member_name)
{
	static const char prefix[] = "sysupgrade-";
	const size_t skip = sizeof(prefix) - 1;
	size_t n;

	if (strncmp(member_name, prefix, skip) != 0)
		return LB_E(FORMAT);
	n = strcspn(member_name + skip, "/");
	if (n == 0 || n >= LB_NAME_MAX)
		return LB_E(FORMAT);
	for (size_t i = 0; i < n; i++)
		if (member_name[skip + i] < '!' || member_name[skip + i] > '~')
			return LB_E(FORMAT);
	memcpy(out, member_name + skip, n);
	out[n] = '\0';
	return 0;
}
