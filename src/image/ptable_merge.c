#include "image/ptable_merge.h"

#include "image/gpt.h"

#include <string.h>

#define MBR_PARTS 4

static const struct lb_part *of_number(const struct lb_ptable *t, unsigned number)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->part[i].number == number)
			return &t->part[i];
	return NULL;
}

static bool is_image_s(const struct lb_part *there, const struct lb_ptable *image)
{
	const struct lb_part *wanted = of_number(image, there->number);

	return wanted && wanted->first == there->first;
}

/* Is one of them exactly where, and as long as, the image has it? */
static bool has_been_here(const struct lb_ptable *disk, const struct lb_ptable *image)
{
	for (size_t i = 0; i < disk->count; i++)
		if (is_image_s(&disk->part[i], image) &&
		    disk->part[i].last == of_number(image, disk->part[i].number)->last)
			return true;
	return false;
}

static void insert(struct lb_ptable *t, const struct lb_part *part)
{
	size_t at = t->count++;

	for (; at > 0 && t->part[at - 1].number > part->number; at--)
		t->part[at] = t->part[at - 1];
	t->part[at] = *part;
}

/* What the owner let grow stays as long as it is. */
static void let_grow(struct lb_ptable *after, const struct lb_part *there)
{
	for (size_t i = 0; i < after->count; i++)
		if (after->part[i].number == there->number && there->last > after->part[i].last)
			after->part[i].last = there->last;
}

static unsigned numbers(const struct lb_ptable *t)
{
	return t->kind == LB_PTABLE_MBR ? MBR_PARTS : t->entry_count;
}

/* Each partition of the disk: the image's, or one that stays. */
static int take(struct lb_ptable_merge *m, const struct lb_ptable *disk,
		const struct lb_ptable *image, unsigned stays, unsigned *number)
{
	const bool known = has_been_here(disk, image);

	for (size_t i = 0; i < disk->count; i++) {
		const struct lb_part *there = &disk->part[i];
		const bool mine = is_image_s(there, image);
		const bool exact = mine && there->last == of_number(image, there->number)->last;

		if (mine ? !exact && (!known || there->number == stays)
			 : of_number(image, there->number) || there->first < m->image_end ||
				    there->number > numbers(image)) {
			*number = there->number;
			return LB_E(EXIST);
		}
		m->same = m->same && exact && there->number != stays;
		if (!mine || there->number == stays)
			insert(&m->meanwhile, there);
		if (mine)
			let_grow(&m->after, there);
		else
			insert(&m->after, there);
	}
	return 0;
}

/* What grew may have reached others, of the image or of the owner. */
static int find_overlap(const struct lb_ptable *t, unsigned *number)
{
	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k < t->count; k++)
			if (i != k && t->part[i].first <= t->part[k].first &&
			    t->part[k].first <= t->part[i].last) {
				*number = t->part[i].number;
				return LB_E(EXIST);
			}
	return 0;
}

int lb_ptable_merge(struct lb_ptable_merge *out, const struct lb_ptable *disk,
		    const struct lb_ptable *image, uint64_t disk_sectors, unsigned stays,
		    unsigned *number)
{
	int rc;

	if (disk->kind != image->kind || disk->sector_bytes != image->sector_bytes)
		return LB_E(FORMAT);
	out->after = out->meanwhile = *image;
	out->meanwhile.count = 0;
	memset(out->meanwhile.part, 0, sizeof(out->meanwhile.part));
	out->image_end = lb_ptable_end(image);
	out->same = disk->count == image->count;
	rc = take(out, disk, image, stays, number);
	if (rc == 0)
		rc = find_overlap(&out->after, number);
	if (rc < 0 || image->kind == LB_PTABLE_MBR)
		return rc;
	/* The loader of the image may need the room that the disk's entries have. */
	rc = lb_gpt_fit(&out->meanwhile, disk_sectors);
	return rc < 0 ? rc : lb_gpt_fit(&out->after, disk_sectors);
}
