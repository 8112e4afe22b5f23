#include "plat/fake/card.h"

#include <string.h>

static void card_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_card *f = ctx;
	uint64_t stage = 0;

	if (f->load.under_way == 0)
		return;
	switch (lb_fake_what_is_left(fate, &stage)) {
	case LB_FAKE_NONE_LEFT:
		break;
	case LB_FAKE_HALF_LEFT: /* a superblock is one sector: it is there, or it is not */
		if (f->next == LB_FAKE_CARD_NOTHING || f->next_noted != f->noted)
			break; /* nor is the table, whose first sector comes last */
		f->holds = LB_FAKE_CARD_NOTHING;
		break;
	case LB_FAKE_ALL_LEFT:
		f->holds = f->next;
		f->noted = f->next_noted;
		break;
	}
}

static int change(struct lb_fake_card *f, enum lb_fake_card_holds next, bool noted)
{
	const enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_FAIL || outcome == LB_FAKE_DEAD)
		return LB_E(IO);
	f->next = next;
	f->next_noted = noted;
	if (outcome == LB_FAKE_CUT) {
		f->load.at_stake = f->load.under_way = 1;
		lb_fake_power_go_off(f->power);
		f->load.at_stake = f->load.under_way = 0;
		return LB_E(IO);
	}
	f->holds = next;
	f->noted = noted;
	return 0;
}

/* The record has two copies: it is the old one or the new one. */
static int fake_note(void *ctx, bool begun)
{
	struct lb_fake_card *f = ctx;

	return change(f, f->holds, begun);
}

static int fake_table(void *ctx)
{
	struct lb_fake_card *f = ctx;

	return f->holds == LB_FAKE_CARD_BLANK ? change(f, LB_FAKE_CARD_NOTHING, f->noted) : 0;
}

static int fake_wipe(void *ctx)
{
	struct lb_fake_card *f = ctx;

	if (f->holds == LB_FAKE_CARD_BLANK)
		lb_fake_die("there is no partition to be wiped");
	return change(f, LB_FAKE_CARD_NOTHING, f->noted);
}

static int fake_format(void *ctx)
{
	struct lb_fake_card *f = ctx;

	if (f->holds != LB_FAKE_CARD_NOTHING)
		lb_fake_die("a file system is made on one that was not wiped");
	memset(&f->fs.seen, 0, sizeof(f->fs.seen));
	memset(&f->fs.stored, 0, sizeof(f->fs.stored));
	f->fs.seen.last_id = f->fs.stored.last_id = 255;
	f->fs.changes = 0;
	return change(f, LB_FAKE_CARD_NEW, f->noted);
}

static int fake_open(void *ctx, struct plat_snapshots *out)
{
	struct lb_fake_card *f = ctx;

	if (f->holds == LB_FAKE_CARD_NOTHING)
		return LB_E(FORMAT);
	*out = lb_fake_snapshots_plat(&f->fs);
	return 0;
}

static int fake_fill(void *ctx, const char *subvolume)
{
	return lb_fake_snapshots_fill(&((struct lb_fake_card *)ctx)->fs, subvolume);
}

static int fake_link(void *ctx, const char *name, const char *target)
{
	struct lb_fake_card *f = ctx;
	const struct plat_snapshots top = lb_fake_snapshots_plat(&f->fs);

	return top.write(top.ctx, name, target, strlen(target));
}

/* Whatever is filled in has a boot script. */
static int fake_present(void *ctx, const char *path)
{
	const struct lb_fake_card *f = ctx;

	if (f->holds == LB_FAKE_CARD_OLD)
		return strcmp(path, "@") == 0;
	return strchr(path, '/') || lb_fake_top_find(&f->fs.seen, path);
}

void lb_fake_card_init(struct lb_fake_card *f, struct lb_fake_power *power)
{
	*f = (struct lb_fake_card){.power = power, .holds = LB_FAKE_CARD_OLD};
	f->load = (struct lb_fake_load){.ctx = f, .cut = card_cut};
	lb_fake_power_add(power, &f->load);
	lb_fake_snapshots_init(&f->fs, power);
}

void lb_fake_card_blank(struct lb_fake_card *f)
{
	f->holds = LB_FAKE_CARD_BLANK;
}

struct plat_card lb_fake_card_plat(struct lb_fake_card *f)
{
	return (struct plat_card){.ctx = f,
				  .note = fake_note,
				  .table = f->holds == LB_FAKE_CARD_BLANK ? fake_table : NULL,
				  .wipe = fake_wipe,
				  .format = fake_format,
				  .open = fake_open,
				  .fill = fake_fill,
				  .link = fake_link,
				  .present = fake_present};
}

const char *lb_fake_card_root(const struct lb_fake_card *f)
{
	const struct lb_fake_subvolume *root;

	if (f->holds != LB_FAKE_CARD_NEW)
		return f->holds == LB_FAKE_CARD_OLD ? "old" : NULL;
	root = lb_fake_top_find(&f->fs.stored, "@");
	return root ? root->content : NULL;
}
