/* install/disk_table.h - the partition table of a disk that an image was written to.
 *
 * An image knows nothing of the size of the disk. Behind a smaller image the backup of its GPT
 * would stand in the middle of the disk: the kernel and every partitioning tool complain, and some
 * of them offer to repair what is right. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "image/ptable.h"
#include "install/scan.h"
#include "plat/block.h"

/* What a table of an earlier owner, and labels of RAID and ZFS, may take at the end of a disk. */
#define LB_DISK_TAIL_BYTES (1u << 20)

/* Read the table at the start of a disk. As lb_ptable_parse(), or LB_E(IO): whatever the
 * disk reports when it cannot be read, it says nothing of the table. */
MUST_CHECK int lb_disk_table_read(struct lb_ptable *out, const struct plat_block *disk,
				  uint32_t sector_bytes);

/* The same; where the start has none, or a damaged GPT, its backup at the end of the disk.
 * `from_backup` says whether. */
MUST_CHECK int lb_disk_table_find(struct lb_ptable *out, const struct plat_block *disk,
				  uint32_t sector_bytes, bool *from_backup);

/* Put a table on the disk, whose GPT reaches to the end of the disk: first the copy that is not in
 * use. Each write is durable and read back before the next. The first sector comes last, with what
 * it has besides the table: `sector` has at least sector_bytes, or is NULL for what the disk has,
 * without its boot code. 0 or LB_E(IO). */
MUST_CHECK int lb_disk_table_put(const struct plat_block *disk, const struct lb_ptable *t,
				 bool backup_in_use, const uint8_t *sector);

/* The table of the image of a disk, of which these are the first bytes: in sectors of 512 bytes, or
 * else in those of the disk. As lb_ptable_parse(). */
MUST_CHECK int lb_disk_table_of_head(struct lb_ptable *out, const uint8_t *head, size_t n,
				     uint32_t sector_bytes);

/* The table of an image that was read, unpacked if it was packed. As above. */
MUST_CHECK int lb_disk_table_of_image(struct lb_ptable *out, const struct lb_scan *image,
				      uint32_t sector_bytes);

/* Before an image of that many bytes (unpacked) is written: zeroes at the end of the disk, as far
 * as the image does not reach there. Durable. 0 or LB_E(IO). */
MUST_CHECK int lb_disk_table_clear_tail(const struct plat_block *disk, uint64_t image_bytes);

/* Would the table of an image stand on this disk? 0; LB_E(FORMAT) it counts in sectors of another
 * size; LB_E(NOSPC) a partition ends behind the disk. */
MUST_CHECK int lb_disk_table_suits(const struct lb_ptable *image, uint64_t disk_bytes,
				   uint32_t sector_bytes);

/* After an image was written as a whole: the backup of its GPT goes to the end of the disk. Each
 * write is durable and read back before the next, and at each moment one of the copies is whole. 0
 * also when there is nothing to do; `moved` says whether there was. LB_E(NOENT|CRC|...) as
 * lb_ptable_parse(), LB_E(NOSPC) no room behind the last partition, LB_E(IO). */
MUST_CHECK int lb_disk_table_fit(const struct plat_block *disk, uint32_t sector_bytes, bool *moved);
