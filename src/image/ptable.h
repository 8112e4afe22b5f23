/* image/ptable.h - the partition table of a disk: MBR and GPT, read and written (pure).
 *
 * GPT: UEFI specification 2.10, chapter 5. A disk has it twice: the primary one in sectors 1 and
 * following, the backup in its last sectors, with the header last of all. Sectors are those of the
 * disk: 512 bytes, on few disks 4096. A table made for one of them means nothing on the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/gpt_header.h"

#define LB_PTABLE_PARTS_MAX   128 /* as many as every tool makes room for */
#define LB_PTABLE_SECTOR_MIN  512
#define LB_PTABLE_SECTOR_MAX  4096
#define LB_PTABLE_ENTRY_BYTES 128	      /* of a GPT; an MBR has 16 */
#define LB_PTABLE_ID_BYTES    LB_GPT_ID_BYTES /* of a GPT; an MBR has 4 */
#define LB_PTABLE_BOOT_BYTES  440	      /* of the first sector: boot code, no table */
#define LB_GPT_ENTRIES_BYTES  (LB_PTABLE_PARTS_MAX * LB_PTABLE_ENTRY_BYTES)
/* The largest piece at the end of a disk that its backup may take: entries, header. */
#define LB_GPT_BACKUP_BYTES (LB_GPT_ENTRIES_BYTES + LB_PTABLE_SECTOR_MAX)

enum lb_ptable_kind {
	LB_PTABLE_MBR,
	LB_PTABLE_GPT,
};

struct lb_part {
	unsigned number;		      /* from 1, as the kernel counts */
	uint64_t first, last;		      /* sectors; both belong to it */
	uint8_t entry[LB_PTABLE_ENTRY_BYTES]; /* as it stands in the table; `first` and `last` win
					       */
};

struct lb_ptable {
	enum lb_ptable_kind kind;
	uint32_t sector_bytes;
	uint8_t disk_id[LB_PTABLE_ID_BYTES];
	/* Of a GPT only. */
	uint64_t backup_at, entries_at;	    /* sectors: header of the backup; primary entries */
	uint64_t first_usable, last_usable; /* sectors */
	uint32_t entry_count;		    /* that there is room for */
	size_t count;
	struct lb_part part[LB_PTABLE_PARTS_MAX]; /* by number */
};

/* The first bytes of a disk. 0, or with `out` untouched: LB_E(NOENT) there is no partition table,
 * LB_E(TRUNC) `n` does not reach to the end of it, LB_E(CRC) a GPT with a wrong checksum,
 * LB_E(RANGE) it contradicts itself, LB_E(UNSUP) a GPT of a form that nobody writes. */
MUST_CHECK int lb_ptable_parse(struct lb_ptable *out, const void *head, size_t n,
			       uint32_t sector_bytes);

/* The last n bytes of a disk of `disk_sectors`: the backup of its GPT. As above. */
MUST_CHECK int lb_ptable_parse_backup(struct lb_ptable *out, const void *tail, size_t n,
				      uint32_t sector_bytes, uint64_t disk_sectors);

/* Has the image a partition of this number? */
bool lb_ptable_has(const struct lb_ptable *t, unsigned number);

/* The sector behind the last one that a partition takes. */
uint64_t lb_ptable_end(const struct lb_ptable *t);

/* Put the partitions and the identity of an MBR into the first 512 bytes of its disk; the boot
 * code stays. */
void lb_mbr_put(const struct lb_ptable *t, void *sector);
