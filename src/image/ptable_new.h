/* image/ptable_new.h - a new partition table, as a board file wants the card of its router (pure).
 */
#pragma once

#include "image/ptable.h"
#include "tables/limits.h"

/* Partitions in their order, each from one MiB to another. */
struct lb_ptable_layout {
	enum lb_ptable_kind kind;
	unsigned first_mib; /* where the first one begins */
	size_t count;
	struct lb_ptable_layout_part {
		char name[LB_CARD_NAME_MAX]; /* an MBR has no room for it */
		unsigned mib;		     /* 0 = what is left; the last one only */
	} part[LB_CARD_PARTS_MAX];
};

/* Number of the partition of that name, 0 = there is none. */
unsigned lb_ptable_layout_find(const struct lb_ptable_layout *l, const char *name);

/* The first byte of a partition of the layout, and how many it has at least. */
uint64_t lb_ptable_layout_at(const struct lb_ptable_layout *l, unsigned number);
uint64_t lb_ptable_layout_bytes(const struct lb_ptable_layout *l, unsigned number);

/* `boots`: the partition that boot loaders are to look at. `ids`: random bytes, for the disk and
 * for each partition. Behind the last partition a MiB stays free. 0, or LB_E(NOSPC) the disk is too
 * small. */
MUST_CHECK int lb_ptable_make(struct lb_ptable *out, const struct lb_ptable_layout *l,
			      unsigned boots, uint32_t sector_bytes, uint64_t disk_sectors,
			      const uint8_t ids[LB_CARD_PARTS_MAX + 1][LB_PTABLE_ID_BYTES]);

/* What `disk` has as well, at the same place, of the same length, with the same number and name,
 * keeps its identity in `made`, and a GPT keeps its form: where its entries are, and how many it
 * has room for. Returns how many partitions of `disk` are others: somebody's; one more where `made`
 * has no room in that form, which then is as lb_ptable_make() left it. */
size_t lb_ptable_adopt(struct lb_ptable *made, const struct lb_ptable *disk);

/* Is this partition of `disk` none of `made`? */
bool lb_ptable_is_other(const struct lb_ptable *made, const struct lb_ptable *disk, size_t i);

/* The name of a partition in printable ASCII, "" = it has none. */
void lb_ptable_name(const struct lb_ptable *t, size_t i, char out[LB_CARD_NAME_MAX]);

/* The MBR in front of a GPT, into the first 512 bytes of its disk; the boot code stays. */
void lb_gpt_put_protective(void *sector, uint64_t disk_sectors);
