#include "image/tar_write.h"

#include <stdio.h>

#define NAME_BYTES   100 /* of the field; longer ones come as content of a member of their own */
#define SUM_AT	     148
#define SUM_BYTES    8
#define OCTAL_11_MAX 077777777777ull /* 11 octal digits: 8 GiB */
#define ID_MAX	     07777777u

static void put_octal(struct lb_wr *w, uint64_t value, int width)
{
	char digits[32];
	int n = snprintf(digits, sizeof(digits), "%0*llo", width - 1, (unsigned long long)value);

	lb_wr_bytes(w, digits, (size_t)n + 1);
}

/* Cut or filled up with zeros. */
static void put_name(struct lb_wr *w, const char *name)
{
	size_t n = strnlen(name, NAME_BYTES);

	lb_wr_bytes(w, name, n);
	for (; n < NAME_BYTES; n++)
		lb_wr_be(w, 0, 1);
}

static char type_flag(enum lb_member_type type)
{
	switch (type) {
	case LB_MEMBER_FILE:
		return '0';
	case LB_MEMBER_HARDLINK:
		return '1';
	case LB_MEMBER_LINK:
		return '2';
	case LB_MEMBER_DIR:
		break;
	}
	return '5';
}

static void put_zeros(struct lb_wr *w, size_t multiple)
{
	while (!w->bad && lb_wr_used(w) % multiple)
		lb_wr_be(w, 0, 1);
}

static void put_sum(uint8_t *block)
{
	struct lb_wr at = lb_wr_init(block + SUM_AT, SUM_BYTES);
	unsigned sum = 0;
	char digits[16];

	for (size_t i = 0; i < LB_TAR_BLOCK; i++)
		sum += block[i];
	(void)snprintf(digits, sizeof(digits), "%06o", sum);
	lb_wr_bytes(&at, digits, 7);
}

static void put_block(struct lb_wr *w, const struct lb_member *m, char flag, uint64_t size_bytes)
{
	uint8_t *start = w->p;

	put_name(w, m->path);
	put_octal(w, m->mode, 8);
	put_octal(w, m->uid, 8);
	put_octal(w, m->gid, 8);
	put_octal(w, size_bytes, 12);
	put_octal(w, m->modified_s > 0 ? (uint64_t)m->modified_s & OCTAL_11_MAX : 0, 12);
	lb_wr_bytes(w, "        ", SUM_BYTES); /* counts as blanks in its own sum */
	lb_wr_be(w, (uint8_t)flag, 1);
	put_name(w, m->target);
	lb_wr_bytes(w, "ustar  ", 8); /* GNU's: its long names are understood */
	put_zeros(w, LB_TAR_BLOCK);
	if (!w->bad)
		put_sum(start);
}

static void put_long_name(struct lb_wr *w, const char *name, char flag)
{
	const struct lb_member head = {.path = "././@LongLink"};
	const size_t n = strlen(name) + 1;

	if (n <= NAME_BYTES)
		return;
	put_block(w, &head, flag, n);
	lb_wr_bytes(w, name, n);
	put_zeros(w, LB_TAR_BLOCK);
}

int lb_tar_put_header(void *out, size_t size, const struct lb_member *m)
{
	struct lb_wr w = lb_wr_init(out, size);

	if (m->size_bytes > OCTAL_11_MAX || m->uid > ID_MAX || m->gid > ID_MAX)
		return LB_E(RANGE);
	put_long_name(&w, m->target, 'K');
	put_long_name(&w, m->path, 'L');
	put_block(&w, m, type_flag(m->type), m->type == LB_MEMBER_FILE ? m->size_bytes : 0);
	return w.bad ? LB_E(NOSPC) : (int)lb_wr_used(&w);
}
