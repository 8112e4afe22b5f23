#include "image/ptable_new.h"

#include <string.h>

#include "image/gpt.h"

#include "image/gpt.h"

#define MIB	     (UINT64_C(1) << 20)
#define ENTRY_ID_AT  16
#define ENTRY_FLAGS  48
#define ENTRY_NAME   56
#define NAME_UNITS   36
#define FLAG_BOOTS   0x04 /* "legacy BIOS bootable": what U-Boot looks for */
#define MBR_BOOTS    0x80
#define MBR_LINUX    0x83
#define MBR_PROTECTS 0xEE

/* "Linux filesystem data", 0FC63DAF-8483-4772-8E79-3D69D8477DE4. */
static const uint8_t linux_data[LB_PTABLE_ID_BYTES] = {0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84,
						       0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69,
						       0xD8, 0x47, 0x7D, 0xE4};

unsigned lb_ptable_layout_find(const struct lb_ptable_layout *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->part[i].name, name) == 0)
			return (unsigned)i + 1;
	return 0;
}

uint64_t lb_ptable_layout_at(const struct lb_ptable_layout *l, unsigned number)
{
	uint64_t mib = l->first_mib;

	for (size_t i = 0; i + 1 < number && i < l->count; i++)
		mib += l->part[i].mib;
	return mib * MIB;
}

uint64_t lb_ptable_layout_bytes(const struct lb_ptable_layout *l, unsigned number)
{
	const unsigned mib = number && number <= l->count ? l->part[number - 1].mib : 0;

	return mib ? mib * MIB : MIB;
}

/* Addresses of cylinders, heads and sectors: "too far for that". */
static void put_mbr_entry(uint8_t *entry, uint8_t active, uint8_t type)
{
	static const uint8_t far[3] = {0xFE, 0xFF, 0xFF};

	entry[0] = active;
	memcpy(entry + 1, far, sizeof(far));
	entry[4] = type;
	memcpy(entry + 5, far, sizeof(far));
}

/* A UUID of random bytes says so: RFC 9562, version 4. */
static void put_uuid(uint8_t out[LB_PTABLE_ID_BYTES], const uint8_t random[LB_PTABLE_ID_BYTES])
{
	memcpy(out, random, LB_PTABLE_ID_BYTES);
	out[7] = (uint8_t)((out[7] & 0x0F) | 0x40);
	out[8] = (uint8_t)((out[8] & 0x3F) | 0x80);
}

static void put_gpt_entry(uint8_t *entry, bool boots, const char *name,
			  const uint8_t id[LB_PTABLE_ID_BYTES])
{
	memcpy(entry, linux_data, sizeof(linux_data));
	put_uuid(entry + ENTRY_ID_AT, id);
	entry[ENTRY_FLAGS] = boots ? FLAG_BOOTS : 0;
	for (size_t i = 0; i < NAME_UNITS && name[i]; i++)
		entry[ENTRY_NAME + 2 * i] = (uint8_t)name[i];
}

/* The last sector of a partition, or 0: the disk is too small. */
static uint64_t last_of(const struct lb_ptable_layout *l, unsigned number, uint32_t sector_bytes,
			uint64_t disk_sectors)
{
	const uint64_t disk_mib = disk_sectors / (MIB / sector_bytes);
	const uint64_t from_mib = lb_ptable_layout_at(l, number) / MIB;
	const unsigned mib = l->part[number - 1].mib;
	const uint64_t end_mib = mib ? from_mib + mib : disk_mib - 1;

	if (disk_mib < from_mib + 2 || end_mib > disk_mib - 1 || end_mib <= from_mib)
		return 0;
	return end_mib * (MIB / sector_bytes) - 1;
}

int lb_ptable_make(struct lb_ptable *out, const struct lb_ptable_layout *l, unsigned boots,
		   uint32_t sector_bytes, uint64_t disk_sectors,
		   const uint8_t ids[LB_CARD_PARTS_MAX + 1][LB_PTABLE_ID_BYTES])
{
	*out = (struct lb_ptable){.kind = l->kind,
				  .sector_bytes = sector_bytes,
				  .entry_count = LB_PTABLE_PARTS_MAX,
				  .entries_at = 2};
	put_uuid(out->disk_id, ids[0]);
	for (unsigned number = 1; number <= l->count; number++) {
		struct lb_part *p = &out->part[out->count++];

		p->number = number;
		p->first = lb_ptable_layout_at(l, number) / sector_bytes;
		p->last = last_of(l, number, sector_bytes, disk_sectors);
		if (p->last == 0)
			return LB_E(NOSPC);
		if (l->kind == LB_PTABLE_MBR)
			put_mbr_entry(p->entry, number == boots ? MBR_BOOTS : 0, MBR_LINUX);
		else
			put_gpt_entry(p->entry, number == boots, l->part[number - 1].name,
				      ids[number]);
	}
	if (l->kind == LB_PTABLE_MBR)
		return lb_ptable_end(out) > UINT32_MAX ? LB_E(NOSPC) : 0;
	out->first_usable = 2 + lb_gpt_entries_bytes(out) / sector_bytes;
	return lb_gpt_fit(out, disk_sectors);
}

static bool is_same(const struct lb_ptable *disk, const struct lb_part *a, const struct lb_part *b)
{
	return a->number == b->number && a->first == b->first && a->last == b->last &&
	       (disk->kind == LB_PTABLE_MBR ||
		memcmp(a->entry + ENTRY_NAME, b->entry + ENTRY_NAME, 2 * NAME_UNITS) == 0);
}

static struct lb_part *same_in(struct lb_ptable *made, const struct lb_ptable *disk, size_t i)
{
	if (made->kind != disk->kind)
		return NULL;
	for (size_t k = 0; k < made->count; k++)
		if (is_same(disk, &made->part[k], &disk->part[i]))
			return &made->part[k];
	return NULL;
}

bool lb_ptable_is_other(const struct lb_ptable *made, const struct lb_ptable *disk, size_t i)
{
	return !same_in((struct lb_ptable *)(uintptr_t)made, disk, i);
}

/* Boot loaders of some chips lie 8 KiB from the start: the GPT in front of them has fewer entries,
 * or has them elsewhere. Returns whether the partitions of `made` fit into the one of `disk`. */
static bool adopt_geometry(struct lb_ptable *made, const struct lb_ptable *disk)
{
	const uint64_t sectors = lb_gpt_entries_bytes(disk) / disk->sector_bytes;
	const uint64_t first = made->part[0].first;

	if (disk->entry_count < made->count || disk->first_usable > first ||
	    disk->entries_at + sectors > first)
		return false;
	made->entry_count = disk->entry_count;
	made->entries_at = disk->entries_at;
	made->first_usable = disk->first_usable;
	made->last_usable = made->backup_at - sectors - 1;
	return true;
}

size_t lb_ptable_adopt(struct lb_ptable *made, const struct lb_ptable *disk)
{
	const bool both_gpt = made->kind == LB_PTABLE_GPT && disk->kind == LB_PTABLE_GPT;
	size_t others = both_gpt && !adopt_geometry(made, disk) ? 1 : 0;

	for (size_t i = 0; i < disk->count; i++) {
		struct lb_part *p = same_in(made, disk, i);

		if (!p) {
			others++;
			continue;
		}
		memcpy(p->entry, disk->part[i].entry, sizeof(p->entry));
		memcpy(made->disk_id, disk->disk_id, sizeof(made->disk_id));
	}
	return others;
}

void lb_ptable_name(const struct lb_ptable *t, size_t i, char out[LB_CARD_NAME_MAX])
{
	const uint8_t *name = t->part[i].entry + ENTRY_NAME;
	size_t n = 0;

	for (; t->kind == LB_PTABLE_GPT && n < NAME_UNITS && (name[2 * n] || name[2 * n + 1]); n++)
		out[n] = name[2 * n] >= ' ' && name[2 * n] <= '~' && !name[2 * n + 1]
				 ? (char)name[2 * n]
				 : '?';
	out[n] = '\0';
}

void lb_gpt_put_protective(void *sector, uint64_t disk_sectors)
{
	struct lb_ptable t = {.kind = LB_PTABLE_MBR, .count = 1};

	t.part[0].number = 1;
	t.part[0].first = 1;
	t.part[0].last = disk_sectors - 1 > UINT32_MAX ? UINT32_MAX : disk_sectors - 1;
	put_mbr_entry(t.part[0].entry, 0, MBR_PROTECTS);
	lb_mbr_put(&t, sector);
}
