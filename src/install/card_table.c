#include "install/card_table.h"

#include <string.h>

#include "install/disk_table.h"

/* As far as the superblocks reach that tell Linux what is there: that of btrfs lies last. */
#define FS_HEAD_BYTES (68u << 10)
#define PIECE_BYTES   4096u

static uint8_t sector[LB_PTABLE_SECTOR_MAX];

static const struct lb_part *part_of(const struct lb_ptable *t, unsigned number)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->part[i].number == number)
			return &t->part[i];
	return NULL;
}

/* The number of the root in a table that was found, 0 = it has none. */
static unsigned find_root(const struct lb_ptable *t, const struct lb_card_table_ask *ask)
{
	char name[LB_CARD_NAME_MAX];

	if (!ask->by_name)
		return part_of(t, ask->root) ? ask->root : 0;
	for (size_t i = 0; i < t->count; i++) {
		lb_ptable_name(t, i, name);
		if (strcmp(name, ask->layout->part[ask->root - 1].name) == 0)
			return t->part[i].number;
	}
	return 0;
}

static void take_as_it_is(struct lb_card_table *out, unsigned root)
{
	out->found = out->backup_in_use ? LB_CARD_MENDED : LB_CARD_FINE;
	out->table = out->on_disk;
	out->root = root;
}

/* `rc`: of the search for a table. Linux may well show what we cannot read: install_disk.c. */
static enum lb_card_found judge(int rc, size_t others, bool whole)
{
	if (whole)
		return LB_CARD_OURS;
	if (rc == LB_E(UNSUP) || rc == LB_E(RANGE))
		return LB_CARD_OTHERS;
	if (rc < 0)
		return LB_CARD_BLANK;
	return others ? LB_CARD_OTHERS : LB_CARD_OURS;
}

/* What a table says that a file system was made over is no more: that of the backup, or what the
 * file system's own first sector looks like. */
static int take_given_disk(struct lb_card_table *out, const struct lb_card_table_ask *ask, int rc)
{
	if (ask->given != LB_CARD_GIVEN_DISK || (rc == 0 && !out->backup_in_use))
		return rc;
	out->given = ask->given;
	out->backup_in_use = false;
	return LB_E(NOENT);
}

/* How many partitions of others are left. */
static size_t take_given_part(struct lb_card_table *out, const struct lb_card_table_ask *ask,
			      size_t others)
{
	const struct lb_ptable *t = &out->on_disk;

	if (ask->given != LB_CARD_GIVEN_PART || others == 0 || t->count != 1 ||
	    t->part[0].first != ask->given_first)
		return others;
	out->given = ask->given;
	out->given_part = t->part[0];
	return 0;
}

int lb_card_table_look(struct lb_card_table *out, const struct plat_block *disk,
		       uint32_t sector_bytes, const struct lb_card_table_ask *ask)
{
	unsigned root;
	size_t others;
	int rc, made;

	*out = (struct lb_card_table){.root = ask->root};
	rc = lb_disk_table_find(&out->on_disk, disk, sector_bytes, &out->backup_in_use);
	if (rc == LB_E(IO))
		return rc;
	rc = take_given_disk(out, ask, rc);
	if (rc < 0)
		out->on_disk.count = 0;
	root = rc == 0 && !ask->whole ? find_root(&out->on_disk, ask) : 0;
	if (root) {
		take_as_it_is(out, root);
		return 0;
	}
	made = lb_ptable_make(&out->table, ask->layout, ask->root, sector_bytes,
			      disk->size_bytes / sector_bytes, ask->ids);
	others = made == 0 ? lb_ptable_adopt(&out->table, &out->on_disk) : 0;
	others = take_given_part(out, ask, others);
	out->found = judge(rc, others, ask->whole);
	return made;
}

/* Tools that look for lost partitions must not find a GPT beside an MBR. */
static int forget_gpt(const struct plat_block *disk, uint32_t sector_bytes, uint64_t at)
{
	int rc = disk->read(disk->ctx, at * sector_bytes, sector, sector_bytes);

	if (rc < 0 || memcmp(sector, "EFI PART", 8) != 0)
		return rc;
	memset(sector, 0, sector_bytes);
	rc = disk->write(disk->ctx, at * sector_bytes, sector, sector_bytes);
	return rc < 0 ? rc : disk->flush(disk->ctx);
}

/* The table that comes back may have an MBR beside it which lists some of its partitions again, for
 * a boot ROM. Of a sector alone the GPT behind its MBR is cut off. */
static bool has_mbr_of_gpt(const struct lb_card_table *t)
{
	static struct lb_ptable first;

	return lb_ptable_parse(&first, sector, t->table.sector_bytes, t->table.sector_bytes) ==
	       LB_E(TRUNC);
}

/* The boot code stays where there was a table. */
static int make_first(const struct lb_card_table *t, const struct plat_block *disk)
{
	const struct lb_ptable *table = &t->table;
	int rc = disk->read(disk->ctx, 0, sector, table->sector_bytes);

	if (rc < 0)
		return rc;
	if (t->found == LB_CARD_BLANK)
		memset(sector, 0, table->sector_bytes);
	if (table->kind == LB_PTABLE_GPT && !(t->found == LB_CARD_MENDED && has_mbr_of_gpt(t)))
		lb_gpt_put_protective(sector, table->backup_at + 1);
	return 0;
}

static int clear(const struct plat_block *disk, uint64_t from_bytes, uint64_t to_bytes)
{
	static const uint8_t zeros[PIECE_BYTES];
	int rc = 0;

	for (uint64_t at = from_bytes; rc == 0 && at < to_bytes; at += PIECE_BYTES)
		rc = disk->write(disk->ctx, at, zeros,
				 to_bytes - at < PIECE_BYTES ? (size_t)(to_bytes - at)
							     : PIECE_BYTES);
	return rc < 0 ? rc : disk->flush(disk->ctx);
}

/* What tells that there is a file system goes before anything that is in it: a cut leaves all of
 * it, or nothing that is taken for one. */
static int clear_head(const struct plat_block *disk, uint64_t at_bytes, uint64_t size_bytes)
{
	const uint64_t head = size_bytes < FS_HEAD_BYTES ? size_bytes : FS_HEAD_BYTES;
	const uint64_t first = head < PIECE_BYTES ? head : PIECE_BYTES;
	int rc = clear(disk, at_bytes, at_bytes + first);

	return rc < 0 ? rc : clear(disk, at_bytes + first, at_bytes + head);
}

/* It would be found again, at the start of a partition that the new table has there too. */
static int clear_given_part(const struct lb_card_table *t, const struct plat_block *disk)
{
	const struct lb_part *p = &t->given_part;
	const uint32_t bytes = t->table.sector_bytes;

	return clear_head(disk, p->first * bytes, (p->last - p->first + 1) * bytes);
}

static int put_table(const struct lb_card_table *t, const struct plat_block *disk)
{
	const struct lb_ptable *table = &t->table;
	const uint64_t sectors = disk->size_bytes / table->sector_bytes;
	int rc = 0;

	if (table->kind == LB_PTABLE_MBR) {
		rc = forget_gpt(disk, table->sector_bytes, sectors - 1);
		if (rc == 0)
			rc = forget_gpt(disk, table->sector_bytes, 1);
	}
	if (rc == 0)
		rc = make_first(t, disk);
	return rc < 0 ? rc : lb_disk_table_put(disk, table, t->backup_in_use, sector);
}

int lb_card_table_put(const struct lb_card_table *t, const struct plat_block *disk)
{
	int rc = 0;

	if (t->found == LB_CARD_FINE)
		return 0;
	if (t->given == LB_CARD_GIVEN_DISK)
		rc = clear_head(disk, 0, disk->size_bytes);
	if (rc == 0)
		rc = put_table(t, disk);
	return rc < 0 || t->given != LB_CARD_GIVEN_PART ? rc : clear_given_part(t, disk);
}

uint64_t lb_card_table_root_bytes(const struct lb_card_table *t)
{
	const struct lb_part *p = part_of(&t->table, t->root);

	return p ? (p->last - p->first + 1) * t->table.sector_bytes : 0;
}
