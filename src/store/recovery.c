#include "store/recovery.h"

#include <stdbool.h>
#include <string.h>

#define PIECE_BYTES 2048 /* of a read back: a second whole copy would double the stack */

_Static_assert(LB_RECORD_COPIES == 2, "pick_target() knows one copy to keep and one to write");
_Static_assert(LB_RECORD_BYTES % PIECE_BYTES == 0, "a copy is read back in whole pieces");

struct copy {
	bool readable, valid;
	uint64_t seq;
};

static uint64_t off_of(const struct plat_block *dev, unsigned i)
{
	return i * (dev->copy_stride_bytes ? dev->copy_stride_bytes : LB_RECORD_BYTES);
}

static bool is_too_small(const struct plat_block *dev)
{
	return dev->size_bytes < off_of(dev, LB_RECORD_COPIES - 1) + LB_RECORD_BYTES;
}

static bool is_newer(const uint8_t *copy, uint64_t than_seq)
{
	uint64_t seq;

	return lb_record_check(&seq, copy, LB_RECORD_BYTES) == 1 && seq > than_seq;
}

int lb_recovery_load(struct lb_record *out, const struct plat_block *dev)
{
	uint8_t copy[LB_RECORD_BYTES];
	bool found = false, unreadable = false;

	if (is_too_small(dev))
		return LB_E(NOSPC);
	for (unsigned i = 0; i < LB_RECORD_COPIES; i++) {
		if (dev->read(dev->ctx, off_of(dev, i), copy, sizeof(copy)) < 0) {
			unreadable = true;
			continue;
		}
		if (found && !is_newer(copy, out->seq))
			continue;
		if (lb_record_decode(out, copy, sizeof(copy)) == 0)
			found = true;
	}
	if (found)
		return 0;
	return unreadable ? LB_E(IO) : LB_E(NOENT);
}

static struct copy look_at(const struct plat_block *dev, unsigned i, uint8_t copy[LB_RECORD_BYTES])
{
	struct copy c = {.readable =
				 dev->read(dev->ctx, off_of(dev, i), copy, LB_RECORD_BYTES) == 0};

	c.valid = c.readable && lb_record_check(&c.seq, copy, LB_RECORD_BYTES) == 1;
	return c;
}

/* The copy to write, or LB_E(IO) when neither can be read: then any write could hit the only good
 * one. */
static int pick_target(const struct copy c[LB_RECORD_COPIES], uint64_t stems_from)
{
	if (c[0].valid && c[1].valid) {
		/* After a save that failed, its copy is newer but perhaps only in a cache: the one
		 * that the caller's record stems from is the one that surely survives. */
		if (c[0].seq == stems_from)
			return 1;
		if (c[1].seq == stems_from)
			return 0;
		return c[1].seq > c[0].seq ? 0 : 1;
	}
	if (c[0].valid || c[1].valid)
		return c[0].valid ? 1 : 0;
	if (!c[0].readable && !c[1].readable)
		return LB_E(IO);
	if (c[0].readable && c[1].readable)
		return c[1].seq < c[0].seq ? 1 : 0;
	return c[0].readable ? 0 : 1;
}

/* Older software may find a newer major version's copy: count on from it, or the newer software
 * would take it for the newest when it comes back. */
static uint64_t next_seq(const struct copy c[LB_RECORD_COPIES], uint64_t stems_from)
{
	uint64_t max = stems_from;

	for (unsigned i = 0; i < LB_RECORD_COPIES; i++)
		if (c[i].seq > max)
			max = c[i].seq;
	return max + 1;
}

static int compare(const struct plat_block *dev, uint64_t off_bytes,
		   const uint8_t copy[LB_RECORD_BYTES])
{
	uint8_t piece[PIECE_BYTES];

	for (size_t done = 0; done < LB_RECORD_BYTES; done += sizeof(piece)) {
		int rc = dev->read(dev->ctx, off_bytes + done, piece, sizeof(piece));

		if (rc < 0 || memcmp(piece, copy + done, sizeof(piece)) != 0)
			return LB_E(IO);
	}
	return 0;
}

static int put(const struct plat_block *dev, uint64_t off_bytes,
	       const uint8_t copy[LB_RECORD_BYTES])
{
	if (dev->write(dev->ctx, off_bytes, copy, LB_RECORD_BYTES) < 0 || dev->flush(dev->ctx) < 0)
		return LB_E(IO);
	return compare(dev, off_bytes, copy);
}

int lb_recovery_save(struct lb_record *r, const struct plat_block *dev)
{
	const uint64_t stems_from = r->seq;
	uint8_t copy[LB_RECORD_BYTES];
	struct copy c[LB_RECORD_COPIES];
	int target, rc;

	if (is_too_small(dev))
		return LB_E(NOSPC);
	for (unsigned i = 0; i < LB_RECORD_COPIES; i++)
		c[i] = look_at(dev, i, copy);
	target = pick_target(c, stems_from);
	if (target < 0)
		return target;
	r->seq = next_seq(c, stems_from);
	rc = lb_record_encode(r, copy);
	if (rc == 0)
		rc = put(dev, off_of(dev, (unsigned)target), copy);
	if (rc < 0)
		r->seq = stems_from;
	return rc;
}
