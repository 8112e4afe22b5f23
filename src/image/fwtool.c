#include "image/fwtool.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

#define MAGIC	0x46577830u /* "FWx0" */
#define TRAILER 16
#define HEADER	8 /* of a metadata block */

static size_t largest_payload(uint8_t type)
{
	if (type == LB_FWTOOL_SIGNATURE)
		return LB_FWTOOL_SIGNATURE_MAX;
	return LB_FWTOOL_METADATA_MAX; /* of types to come as well: they must fit into the tail */
}

/* The block that ends at `end`. 1 when there is one, 0 when not, or LB_E(RANGE). */
static int read_block(struct lb_fwtool_block *out, const uint8_t *tail, size_t end)
{
	struct lb_rd r = lb_rd_init(tail, end);
	struct lb_fwtool_block b;
	size_t frame;

	if (end < TRAILER)
		return 0;
	(void)lb_rd_take(&r, end - TRAILER);
	if (lb_rd_be32(&r) != MAGIC)
		return 0;
	b.crc = lb_rd_be32(&r);
	b.type = lb_rd_u8(&r);
	(void)lb_rd_take(&r, 3);
	b.size_bytes = lb_rd_be32(&r);
	frame = TRAILER + (b.type == LB_FWTOOL_METADATA ? HEADER : 0);
	if (b.size_bytes < frame || b.size_bytes > end ||
	    b.size_bytes - frame > largest_payload(b.type))
		return LB_E(RANGE);
	b.payload_len = b.size_bytes - frame;
	b.trailer_at = end - TRAILER;
	b.payload_at = b.trailer_at - b.payload_len;
	*out = b;
	return 1;
}

int lb_fwtool_parse(struct lb_fwtool *out, const void *tail, size_t n)
{
	struct lb_fwtool found = {0};
	size_t end = n;

	for (;;) {
		struct lb_fwtool_block b;
		int rc = read_block(&b, tail, end);

		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		if (found.count == LB_FWTOOL_BLOCKS_MAX)
			return LB_E(NOSPC);
		memmove(found.block + 1, found.block, found.count * sizeof(b));
		found.block[0] = b;
		found.count++;
		end -= b.size_bytes;
	}
	found.appended_bytes = n - end;
	*out = found;
	return 0;
}

int lb_fwtool_verify(const struct lb_fwtool_block *b, const uint8_t *tail, uint32_t crc_before)
{
	return ~lb_crc32(crc_before, tail, b->trailer_at) == b->crc ? 0 : LB_E(CRC);
}

const struct lb_fwtool_block *lb_fwtool_find(const struct lb_fwtool *f, enum lb_fwtool_type type)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->block[i].type == type)
			return &f->block[i];
	return NULL;
}
