#include "install/peek.h"

#include <string.h>

#include "install/unpack.h"

static void keep(void *ctx, const uint8_t *data, size_t n)
{
	struct lb_peek *p = ctx;
	const size_t room = sizeof(p->head) - p->head_len;
	const size_t use = n < room ? n : room;

	memcpy(p->head + p->head_len, data, use);
	p->head_len += use;
}

/* At most what was spooled: the rest comes only once. */
static ssize_t read_spooled(struct lb_source *s, uint8_t *to, size_t n)
{
	const uint64_t left = s->spooled_bytes - s->at_bytes;

	return lb_source_read(s, to, left < n ? (size_t)left : n);
}

static int unpack_head(struct lb_peek *p, struct lb_source *s, const uint8_t *first, size_t n)
{
	static struct lb_unpack unpack;
	static uint8_t more[LB_IMAGE_HEAD_BYTES];
	ssize_t got = 0;

	if (lb_unpack_open(&unpack, p->packed, keep, p) < 0)
		return LB_E(IO);
	lb_unpack_feed(&unpack, first, n);
	while (p->head_len < sizeof(p->head) && (got = read_spooled(s, more, sizeof(more))) > 0)
		lb_unpack_feed(&unpack, more, (size_t)got);
	lb_unpack_close(&unpack);
	return got < 0 ? LB_E(IO) : 0;
}

int lb_peek(struct lb_peek *out, struct lb_source *s)
{
	static uint8_t first[LB_IMAGE_HEAD_BYTES];
	struct lb_image image = {.kind = LB_IMAGE_NONE};
	const ssize_t n = read_spooled(s, first, sizeof(first));
	int rc = n < 0 ? LB_E(IO) : 0;

	out->packed = LB_IMAGE_NONE;
	out->head_len = 0;
	if (rc == 0 && lb_image_identify(&image, first, (size_t)n) == 0 && image.header == 0 &&
	    lb_image_class(image.kind) == LB_IMAGE_CLASS_PACKED)
		out->packed = image.kind;
	if (rc == 0 && out->packed != LB_IMAGE_NONE)
		rc = unpack_head(out, s, first, (size_t)n);
	else if (rc == 0)
		keep(out, first, (size_t)n);
	return rc == 0 && lb_source_rewind(s) < 0 ? LB_E(IO) : rc;
}
