#include "install/disk_table.h"

#include <string.h>

#include "base/bytes.h"
#include "image/gpt.h"
#include "image/identify.h"
#include "image/ptable_new.h"

#define PIECE_BYTES 65536

/* One after the other: a table, the bytes of a backup, and the same read again. */
static struct lb_ptable table;
static _Alignas(4096) uint8_t bytes[PIECE_BYTES], again[PIECE_BYTES];

_Static_assert(LB_GPT_BACKUP_BYTES <= PIECE_BYTES && LB_IMAGE_HEAD_BYTES <= PIECE_BYTES,
	       "a piece holds the head of a disk, and the backup of its table");

int lb_disk_table_read(struct lb_ptable *out, const struct plat_block *disk, uint32_t sector_bytes)
{
	const size_t n = disk->size_bytes < LB_IMAGE_HEAD_BYTES ? (size_t)disk->size_bytes
								: LB_IMAGE_HEAD_BYTES;
	int rc = disk->read(disk->ctx, 0, bytes, n);

	return rc < 0 ? LB_E(IO) : lb_ptable_parse(out, bytes, n, sector_bytes);
}

int lb_disk_table_find(struct lb_ptable *out, const struct plat_block *disk, uint32_t sector_bytes,
		       bool *from_backup)
{
	const uint64_t sectors = disk->size_bytes / sector_bytes;
	const size_t n = LB_GPT_ENTRIES_BYTES + sector_bytes;
	int rc = lb_disk_table_read(out, disk, sector_bytes);

	*from_backup = false;
	if (rc == 0 || rc == LB_E(IO) || sectors < n / sector_bytes)
		return rc;
	if (disk->read(disk->ctx, sectors * sector_bytes - n, bytes, n) < 0)
		return LB_E(IO);
	if (lb_ptable_parse_backup(out, bytes, n, sector_bytes, sectors) < 0)
		return rc;
	*from_backup = true;
	return 0;
}

int lb_disk_table_of_head(struct lb_ptable *out, const uint8_t *head, size_t n,
			  uint32_t sector_bytes)
{
	int rc = lb_ptable_parse(out, head, n, LB_PTABLE_SECTOR_MIN);

	if (rc < 0 && sector_bytes > LB_PTABLE_SECTOR_MIN)
		rc = lb_ptable_parse(out, head, n, sector_bytes);
	return rc;
}

int lb_disk_table_of_image(struct lb_ptable *out, const struct lb_scan *image,
			   uint32_t sector_bytes)
{
	const struct lb_scan_layer *l = image->packed ? &image->inside : &image->file;

	return lb_disk_table_of_head(out, l->head, l->head_len, sector_bytes);
}

/* Durable, and read back. */
static int put(const struct plat_block *disk, uint64_t off_bytes, const uint8_t *from, size_t n)
{
	int rc = disk->write(disk->ctx, off_bytes, from, n);

	if (rc == 0)
		rc = disk->flush(disk->ctx);
	if (rc == 0)
		rc = disk->read(disk->ctx, off_bytes, again, n);
	if (rc == 0 && memcmp(again, from, n) != 0)
		rc = LB_E(IO);
	return rc;
}

int lb_disk_table_clear_tail(const struct plat_block *disk, uint64_t image_bytes)
{
	uint64_t from =
		disk->size_bytes > LB_DISK_TAIL_BYTES ? disk->size_bytes - LB_DISK_TAIL_BYTES : 0;
	int rc = 0;

	if (from < image_bytes)
		from = (image_bytes + LB_PTABLE_SECTOR_MAX - 1) / LB_PTABLE_SECTOR_MAX *
		       LB_PTABLE_SECTOR_MAX;
	memset(bytes, 0, sizeof(bytes));
	for (uint64_t at = from; rc == 0 && at < disk->size_bytes; at += PIECE_BYTES) {
		const uint64_t left = disk->size_bytes - at;

		rc = disk->write(disk->ctx, at, bytes,
				 left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);
	}
	return rc < 0 ? rc : disk->flush(disk->ctx);
}

int lb_disk_table_suits(const struct lb_ptable *image, uint64_t disk_bytes, uint32_t sector_bytes)
{
	if (image->sector_bytes != sector_bytes)
		return LB_E(FORMAT);
	return lb_ptable_end(image) > disk_bytes / sector_bytes ? LB_E(NOSPC) : 0;
}

static bool in_a_partition(const struct lb_ptable *t, uint64_t sector)
{
	for (size_t i = 0; i < t->count; i++)
		if (sector >= t->part[i].first && sector <= t->part[i].last)
			return true;
	return false;
}

/* Tools that look for lost partitions must not find the copy that the image had at its end. */
static int forget_old_backup(const struct plat_block *disk, const struct lb_ptable *t, uint64_t at)
{
	const uint64_t kept = t->backup_at - lb_gpt_entries_bytes(t) / t->sector_bytes;
	const uint64_t off_bytes = at * t->sector_bytes;
	int rc;

	if (at < t->first_usable || at >= kept || in_a_partition(t, at))
		return 0;
	rc = disk->read(disk->ctx, off_bytes, bytes, t->sector_bytes);
	if (rc < 0 || memcmp(bytes, "EFI PART", 8) != 0)
		return rc;
	memset(bytes, 0, t->sector_bytes);
	return put(disk, off_bytes, bytes, t->sector_bytes);
}

static int put_backup(const struct plat_block *disk, const struct lb_ptable *t)
{
	const size_t entries = lb_gpt_entries_bytes(t);
	int rc = lb_gpt_put_entries(t, bytes, sizeof(bytes));

	if (rc == 0)
		rc = lb_gpt_put_header(t, LB_GPT_BACKUP, bytes + entries, sizeof(bytes) - entries);
	if (rc == 0)
		rc = put(disk, t->backup_at * t->sector_bytes - entries, bytes,
			 entries + t->sector_bytes);
	return rc;
}

static int put_entries(const struct plat_block *disk, const struct lb_ptable *t)
{
	int rc = lb_gpt_put_entries(t, bytes, sizeof(bytes));

	return rc < 0 ? rc
		      : put(disk, t->entries_at * t->sector_bytes, bytes, lb_gpt_entries_bytes(t));
}

static int put_header(const struct plat_block *disk, const struct lb_ptable *t)
{
	int rc = lb_gpt_put_header(t, LB_GPT_PRIMARY, bytes, sizeof(bytes));

	return rc < 0 ? rc : put(disk, t->sector_bytes, bytes, t->sector_bytes);
}

/* Storage writes it as a whole. */
static int put_first(const struct plat_block *disk, const struct lb_ptable *t,
		     const uint8_t *sector)
{
	int rc = sector ? 0 : disk->read(disk->ctx, 0, bytes, t->sector_bytes);

	if (rc < 0)
		return rc;
	if (sector)
		memcpy(bytes, sector, t->sector_bytes);
	else
		memset(bytes, 0, LB_PTABLE_BOOT_BYTES);
	if (t->kind == LB_PTABLE_MBR)
		lb_mbr_put(t, bytes);
	else
		lb_gpt_protect(bytes, t->backup_at + 1);
	return put(disk, 0, bytes, t->sector_bytes);
}

/* The start is what counts while the backup is written: its first sector has to lead there. */
static int lead_to_start(const struct plat_block *disk, const struct lb_ptable *t)
{
	static struct lb_ptable start;
	int rc = lb_disk_table_read(&start, disk, t->sector_bytes);

	if (rc == 0 || rc == LB_E(IO))
		return rc;
	rc = disk->read(disk->ctx, 0, bytes, t->sector_bytes);
	if (rc < 0)
		return rc;
	lb_gpt_put_protective(bytes, t->backup_at + 1);
	return put(disk, 0, bytes, t->sector_bytes);
}

int lb_disk_table_put(const struct plat_block *disk, const struct lb_ptable *t, bool backup_in_use,
		      const uint8_t *sector)
{
	int rc = 0;

	if (t->kind == LB_PTABLE_GPT && !backup_in_use)
		rc = put_backup(disk, t);
	if (rc == 0 && t->kind == LB_PTABLE_GPT)
		rc = put_entries(disk, t);
	if (rc == 0 && t->kind == LB_PTABLE_GPT)
		rc = put_header(disk, t);
	if (rc == 0 && t->kind == LB_PTABLE_GPT && backup_in_use)
		rc = lead_to_start(disk, t);
	if (rc == 0 && t->kind == LB_PTABLE_GPT && backup_in_use)
		rc = put_backup(disk, t);
	return rc < 0 ? rc : put_first(disk, t, sector);
}

/* MBR and header: the entries stay as they are. */
static int put_primary(const struct plat_block *disk, const struct lb_ptable *t,
		       uint64_t disk_sectors)
{
	int rc = put_header(disk, t);

	if (rc == 0)
		rc = disk->read(disk->ctx, 0, bytes, t->sector_bytes);
	if (rc < 0)
		return rc;
	lb_gpt_protect(bytes, disk_sectors);
	return put(disk, 0, bytes, t->sector_bytes);
}

int lb_disk_table_fit(const struct plat_block *disk, uint32_t sector_bytes, bool *moved)
{
	const uint64_t disk_sectors = disk->size_bytes / sector_bytes;
	int rc = lb_disk_table_read(&table, disk, sector_bytes);
	uint64_t old;

	if (rc < 0)
		return rc;
	old = table.backup_at;
	if (table.kind != LB_PTABLE_GPT || old == disk_sectors - 1) {
		*moved = false;
		return 0;
	}
	rc = lb_gpt_fit(&table, disk_sectors);
	if (rc == 0)
		rc = put_backup(disk, &table);
	if (rc == 0)
		rc = put_primary(disk, &table, disk_sectors);
	if (rc == 0)
		rc = forget_old_backup(disk, &table, old);
	if (rc == 0)
		*moved = true;
	return rc;
}
