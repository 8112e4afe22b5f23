#include "store/snapshots.h"

#include <string.h>

struct load {
	struct lb_snapshot_set *set;
	bool too_many;
};

/* No new snapshot can have the name of something that people have put there. */
static void take(struct lb_snapshot_set *set, const char *name, enum plat_snapshot_kind kind)
{
	uint32_t number;
	int rc = kind == PLAT_SNAPSHOT_SUBVOLUME ? LB_E(FORMAT)
						 : lb_snapshot_parse_name(&number, name);

	if (rc < 0 && kind != PLAT_SNAPSHOT_FILE)
		rc = lb_snapshot_parse_info_name(&number, name);
	if (rc == 0 && number != LB_SNAPSHOT_FACTORY && number > set->taken)
		set->taken = number;
}

static void load_entry(void *arg, const char *name, enum plat_snapshot_kind kind)
{
	struct load *l = arg;
	uint32_t number;

	take(l->set, name, kind);
	if (kind != PLAT_SNAPSHOT_SUBVOLUME || lb_snapshot_parse_name(&number, name) < 0)
		return;
	if (number == LB_SNAPSHOT_CURRENT)
		l->set->root = true;
	else if (number == LB_SNAPSHOT_FACTORY)
		l->set->factory = true;
	else if (l->set->count == LB_SNAPSHOTS_MAX)
		l->too_many = true;
	else
		l->set->all[l->set->count++] = (struct lb_snapshot){.number = number};
}

int lb_snapshots_info(const struct plat_snapshots *p, uint32_t number, struct lb_snapshot_info *out)
{
	char name[LB_SNAPSHOT_NAME_MAX], text[LB_SNAPSHOT_INFO_MAX];
	int n;

	lb_snapshot_info_name(number, name);
	n = p->read(p->ctx, name, text, sizeof(text));
	if (n == LB_E(FORMAT))
		return LB_E(NOENT); /* a directory */
	if (n < 0 && n != LB_E(NOSPC))
		return n;
	if (n < 0 || lb_snapshot_info_parse(out, text, (size_t)n) < 0)
		*out = (struct lb_snapshot_info){.type = LB_SNAPSHOT_SINGLE};
	return 0;
}

int lb_snapshots_load(const struct plat_snapshots *p, struct lb_snapshot_set *set)
{
	struct load l = {.set = set};
	struct lb_snapshot_info info;
	int rc;

	set->count = 0;
	set->root = set->factory = false;
	set->taken = 0;
	rc = p->list(p->ctx, load_entry, &l);
	if (rc == 0 && l.too_many)
		rc = LB_E(RANGE);
	for (size_t i = 0; rc == 0 && i < set->count; i++) {
		struct lb_snapshot *s = &set->all[i];
		int known = lb_snapshots_info(p, s->number, &info);

		/* One that cannot be read must not keep anybody from going back to the others. */
		s->has_info = known != LB_E(NOENT);
		if (known == 0) {
			s->type = info.type;
			s->roll_to = info.roll_to;
			s->waits = info.wait_minutes > 0;
			s->started = info.started;
		}
	}
	lb_snapshot_sort(set);
	return rc;
}

static void add(struct lb_snapshot_set *set, uint32_t number, const struct lb_snapshot_info *info)
{
	set->all[set->count++] = (struct lb_snapshot){
		.number = number, .roll_to = info->roll_to, .type = info->type, .has_info = true};
}

static int write_info(const struct plat_snapshots *p, const char *name,
		      const struct lb_snapshot_info *info)
{
	char text[LB_SNAPSHOT_INFO_MAX];
	size_t n = lb_snapshot_info_format(text, info);

	return p->write(p->ctx, name, text, n);
}

static int write_number(const struct plat_snapshots *p, uint32_t number,
			const struct lb_snapshot_info *info)
{
	char name[LB_SNAPSHOT_NAME_MAX];

	lb_snapshot_info_name(number, name);
	return write_info(p, name, info);
}

static void unlink_info(const struct plat_snapshots *p, uint32_t number)
{
	char name[LB_SNAPSHOT_NAME_MAX];

	lb_snapshot_info_name(number, name);
	(void)p->unlink(p->ctx, name); /* without its snapshot it goes in the next run */
}

int lb_snapshots_create(const struct plat_snapshots *p, struct lb_snapshot_set *set,
			const struct lb_snapshot_info *info, uint32_t *number)
{
	char name[LB_SNAPSHOT_NAME_MAX];
	uint32_t next;
	int rc = lb_snapshot_next(set, &next);

	if (rc == 0 && !set->root)
		rc = LB_E(NOENT);
	/* The .info first: a snapshot without one is listed by nobody and takes room for ever. The
	 * copy's commit stores both. */
	if (rc == 0)
		rc = write_number(p, next, info);
	if (rc < 0)
		return rc;
	lb_snapshot_name(next, name);
	rc = p->copy(p->ctx, LB_SNAPSHOT_ROOT, name, false);
	if (rc < 0) {
		unlink_info(p, next);
		return rc;
	}
	add(set, next, info);
	*number = next;
	return 0;
}

int lb_snapshots_modify(const struct plat_snapshots *p, const struct lb_snapshot_set *set,
			uint32_t number, const struct lb_snapshot_info *info)
{
	int rc = lb_snapshot_find(set, number) ? write_number(p, number, info) : LB_E(NOENT);

	return rc < 0 ? rc : p->sync(p->ctx);
}

int lb_snapshots_delete(const struct plat_snapshots *p, struct lb_snapshot_set *set,
			uint32_t number, bool all)
{
	const struct lb_snapshot *s = lb_snapshot_find(set, number);
	char name[LB_SNAPSHOT_NAME_MAX];
	size_t at;
	int rc;

	if (!s)
		return LB_E(NOENT);
	lb_snapshot_name(number, name);
	rc = p->runs(p->ctx, name);
	if (rc != 0)
		return rc < 0 ? rc : LB_E(BUSY);
	rc = p->drop(p->ctx, name, all);
	if (rc < 0)
		return rc;
	unlink_info(p, number);
	at = (size_t)(s - set->all);
	memmove(set->all + at, set->all + at + 1, (set->count - at - 1) * sizeof(*set->all));
	set->count--;
	return 0;
}

static int place(const struct plat_snapshots *p, struct lb_snapshot_set *set,
		 const struct lb_snapshot_info *info, uint32_t *number)
{
	const bool replaces = !info && set->factory;
	uint32_t next = LB_SNAPSHOT_FACTORY;
	char name[LB_SNAPSHOT_NAME_MAX];
	int rc = info ? lb_snapshot_next(set, &next) : 0;

	if (rc < 0)
		return rc;
	if (info)
		rc = write_number(p, next, info);
	lb_snapshot_name(next, name);
	if (rc == 0)
		rc = replaces ? p->exchange(p->ctx, LB_SNAPSHOT_FILL, name)
			      : p->rename(p->ctx, LB_SNAPSHOT_FILL, name);
	if (rc < 0 && info)
		unlink_info(p, next);
	if (rc == 0 && replaces)
		(void)p->drop(p->ctx, LB_SNAPSHOT_FILL, true); /* or it goes in the next run */
	*number = next;
	return rc;
}

/* Nothing of an import counts before its last step, so that what is found can always go. */
int lb_snapshots_import(const struct plat_snapshots *p, struct lb_snapshot_set *set,
			const struct lb_snapshot_info *info, lb_snapshots_fill *fill, void *ctx,
			uint32_t *number)
{
	uint32_t next = 0;
	int rc = info ? lb_snapshot_next(set, &next) : 0;

	if (rc == 0)
		rc = p->make(p->ctx, LB_SNAPSHOT_FILL);
	if (rc < 0)
		return rc;
	rc = fill(ctx, LB_SNAPSHOT_FILL);
	if (rc == 0)
		rc = p->sync(p->ctx);
	if (rc == 0)
		rc = place(p, set, info, &next);
	if (rc < 0) {
		(void)p->drop(p->ctx, LB_SNAPSHOT_FILL, true); /* or it goes in the next run */
		return rc;
	}
	rc = p->sync(p->ctx);
	if (rc < 0)
		return rc;
	if (info)
		add(set, next, info);
	set->factory = set->factory || !info;
	*number = next;
	return 0;
}
