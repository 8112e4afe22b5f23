/* install/card_table.h - may the card of the router get a new partition table, and the table put on
 * it: over plat/block.h.
 *
 * Nobody's partitions are lost unless that is asked for: a new table is made where there is none
 * that can be read, or one that has nothing but partitions that the board file gives the card. A
 * table of which only the backup is whole, and which has the root, is put back as it was.
 *
 * Who puts the new system on the card itself gives away what it lies in, where that is all that
 * there is: the only partition, or a file system without a table. */
#pragma once

#include "image/ptable_new.h"
#include "plat/block.h"

enum lb_card_given {
	LB_CARD_GIVEN_NOTHING,
	LB_CARD_GIVEN_PART, /* a partition, if it is the only one */
	LB_CARD_GIVEN_DISK, /* a file system all over the disk, if there is no table beside it */
};

struct lb_card_table_ask {
	const struct lb_ptable_layout *layout;
	unsigned root; /* its number in the layout */
	bool by_name;  /* the root goes by its name: any number will do */
	bool whole;    /* whatever there is may be lost */
	enum lb_card_given given;
	uint64_t given_first; /* LB_CARD_GIVEN_PART: its first sector */
	uint8_t ids[LB_CARD_PARTS_MAX + 1][LB_PTABLE_ID_BYTES]; /* random */
};

enum lb_card_found {
	LB_CARD_FINE,	/* the table has the root */
	LB_CARD_MENDED, /* its backup has */
	LB_CARD_BLANK,	/* there is no table that can be read */
	LB_CARD_OURS,	/* nothing but what the layout has */
	LB_CARD_OTHERS, /* partitions of somebody else, or a table of another kind */
};

/* Large: static storage. */
struct lb_card_table {
	enum lb_card_found found;
	struct lb_ptable on_disk; /* nothing in it where there is none */
	struct lb_ptable table;	  /* to be put there; of no use with LB_CARD_OTHERS */
	bool backup_in_use;
	unsigned root;		   /* its number in `table` */
	enum lb_card_given given;  /* what goes of what was asked for */
	struct lb_part given_part; /* LB_CARD_GIVEN_PART */
};

/* Only looks. 0, LB_E(NOSPC) the card is too small for the layout, or LB_E(IO). */
MUST_CHECK int lb_card_table_look(struct lb_card_table *out, const struct plat_block *disk,
				  uint32_t sector_bytes, const struct lb_card_table_ask *ask);

/* Puts it there, each write durable and read back before the next: a cut leaves the table that was
 * there, or one of which a copy is whole, or none where there was none. No byte of a partition is
 * written, but for the head of a file system that was given away: a disk's goes before the table
 * comes, that of a partition when its table is no more. */
MUST_CHECK int lb_card_table_put(const struct lb_card_table *t, const struct plat_block *disk);

/* Bytes of the partition that will be the root's. */
uint64_t lb_card_table_root_bytes(const struct lb_card_table *t);
