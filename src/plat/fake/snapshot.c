#include "plat/fake/snapshot.h"

#include <stdio.h>
#include <string.h>

static struct lb_fake_subvolume *find(struct lb_fake_top *t, const char *name)
{
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		if (strcmp(t->subvolumes[i].name, name) == 0)
			return &t->subvolumes[i];
	return NULL;
}

static struct lb_fake_info *find_file(struct lb_fake_top *t, const char *name)
{
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		if (strcmp(t->files[i].name, name) == 0)
			return &t->files[i];
	return NULL;
}

const struct lb_fake_subvolume *lb_fake_top_find(const struct lb_fake_top *t, const char *name)
{
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		if (strcmp(t->subvolumes[i].name, name) == 0)
			return &t->subvolumes[i];
	return NULL;
}

const struct lb_fake_info *lb_fake_top_file(const struct lb_fake_top *t, const char *name)
{
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		if (strcmp(t->files[i].name, name) == 0)
			return &t->files[i];
	return NULL;
}

static void set_name(char *out, size_t size, const char *text)
{
	if ((size_t)snprintf(out, size, "%s", text) >= size)
		lb_fake_die("%s is too long for the fake btrfs", text);
}

/* What a cut leaves: the first so many changes. */
static void snapshots_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_snapshots *f = ctx;
	uint64_t random = fate->arg;
	size_t through = 0;

	switch (fate->policy) {
	case LB_FAKE_KEPT:
		through = f->changes;
		break;
	case LB_FAKE_LOST:
		break;
	case LB_FAKE_TORN_HEAD:
	case LB_FAKE_TORN_TAIL:
		through = f->changes - (size_t)f->load.under_way;
		break;
	case LB_FAKE_REORDERED:
	case LB_FAKE_SCRAMBLED:
		through = lb_fake_random(&random) % (f->changes + 1);
		break;
	}
	if (through > 0)
		f->stored = f->after[through - 1];
	f->changes = 0;
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		if (f->stored.subvolumes[i].unwritten) {
			(void)strcpy(f->stored.subvolumes[i].content, "empty files");
			f->stored.subvolumes[i].unwritten = false;
		}
}

static int go_off(struct lb_fake_snapshots *f, uint64_t under_way)
{
	f->load.at_stake = f->changes;
	f->load.under_way = under_way;
	lb_fake_power_go_off(f->power);
	return LB_E(IO);
}

static int look(struct lb_fake_snapshots *f)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_CUT)
		return go_off(f, 0);
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

static void commit(struct lb_fake_snapshots *f)
{
	f->stored = f->seen;
	f->changes = 0;
}

/* The world as it is to be after this operation. */
static int change(struct lb_fake_snapshots *f, const struct lb_fake_top *next, bool lasts)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_FAIL || outcome == LB_FAKE_DEAD)
		return LB_E(IO);
	if (f->changes == LB_FAKE_TOP_CHANGES)
		lb_fake_die("too many changes without a sync");
	f->after[f->changes++] = *next;
	if (outcome == LB_FAKE_CUT)
		return go_off(f, 1);
	f->seen = *next;
	if (lasts)
		commit(f);
	return 0;
}

static int fake_list(void *ctx, plat_snapshot_entry *entry, void *arg)
{
	struct lb_fake_snapshots *f = ctx;
	int rc = look(f);

	for (size_t i = LB_FAKE_SUBVOLUMES; rc == 0 && i-- > 0;) {
		if (f->seen.subvolumes[i].name[0])
			entry(arg, f->seen.subvolumes[i].name,
			      f->seen.subvolumes[i].id ? PLAT_SNAPSHOT_SUBVOLUME
						       : PLAT_SNAPSHOT_OTHER);
		if (f->seen.files[i].name[0])
			entry(arg, f->seen.files[i].name, PLAT_SNAPSHOT_FILE);
	}
	return rc;
}

static int fake_id(void *ctx, const char *name, uint64_t *out)
{
	struct lb_fake_snapshots *f = ctx;
	const struct lb_fake_subvolume *s = find(&f->seen, name);
	int rc = look(f);

	if (rc == 0 && !s)
		rc = LB_E(NOENT);
	if (rc == 0)
		*out = s->id;
	return rc;
}

static int fake_runs(void *ctx, const char *name)
{
	struct lb_fake_snapshots *f = ctx;
	const struct lb_fake_subvolume *s = find(&f->seen, name);
	int rc = look(f);

	return rc < 0 ? rc : s && s->id == f->running;
}

static int add(struct lb_fake_snapshots *f, const char *name, const char *content, bool lasts)
{
	struct lb_fake_top next = f->seen;
	struct lb_fake_subvolume *s = find(&next, "");

	if (!s)
		lb_fake_die("no room for another subvolume");
	if (find(&f->seen, name))
		return LB_E(EXIST);
	*s = (struct lb_fake_subvolume){.id = ++next.last_id};
	set_name(s->name, sizeof(s->name), name);
	set_name(s->content, sizeof(s->content), content);
	return change(f, &next, lasts);
}

static int fake_held(void *ctx, const char *name)
{
	struct lb_fake_snapshots *f = ctx;
	int rc = look(f);

	return rc < 0 ? rc : find(&f->seen, name) && strcmp(f->held, name) == 0;
}

static int fake_make(void *ctx, const char *name)
{
	return add(ctx, name, "", false);
}

static int fake_copy(void *ctx, const char *from, const char *to, bool read_only)
{
	struct lb_fake_snapshots *f = ctx;
	const struct lb_fake_subvolume *s = find(&f->seen, from);

	if (!s && !f->power->off)
		lb_fake_die("%s is not there to be copied", from);
	return s ? add(f, to, s->content, true) : LB_E(IO);
}

static int fake_exchange(void *ctx, const char *a, const char *b)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	struct lb_fake_subvolume *x = find(&next, a), *y = find(&next, b);

	if ((!x || !y) && !f->power->off)
		lb_fake_die("%s and %s are not both there to be exchanged", a, b);
	if (!x || !y)
		return LB_E(IO);
	set_name(x->name, sizeof(x->name), b);
	set_name(y->name, sizeof(y->name), a);
	return change(f, &next, false);
}

static int fake_rename(void *ctx, const char *from, const char *to)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	struct lb_fake_subvolume *s = find(&next, from);

	if (strcmp(from, "@") == 0)
		lb_fake_die("there would be no \"@\" any more");
	if (!s && !f->power->off)
		lb_fake_die("%s is not there to be renamed", from);
	if (!s)
		return LB_E(IO);
	if (find(&next, to))
		return LB_E(EXIST);
	set_name(s->name, sizeof(s->name), to);
	return change(f, &next, false);
}

static int fake_drop(void *ctx, const char *name, bool all)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	struct lb_fake_subvolume *s = find(&next, name);

	if (strcmp(name, "@") == 0)
		lb_fake_die("there would be no \"@\" any more");
	if (!s)
		return LB_E(NOENT);
	if (strcmp(f->held, name) == 0)
		lb_fake_die("%s is being filled by somebody", name);
	if (s->id == f->running)
		lb_fake_die("%s is what the system runs on", name);
	for (size_t i = 0; i < LB_FAKE_NESTED; i++)
		if (s->nested[i][0] && !all)
			return LB_E(STATE);
	*s = (struct lb_fake_subvolume){0};
	return change(f, &next, false);
}

static int fake_nested(void *ctx, const char *name, plat_snapshot_nested *found, void *arg)
{
	struct lb_fake_snapshots *f = ctx;
	const struct lb_fake_subvolume *s = find(&f->seen, name);
	struct lb_fake_subvolume before;
	int rc = look(f);

	if (rc == 0 && !s)
		rc = LB_E(NOENT);
	if (rc < 0)
		return rc;
	before = *s;
	for (size_t i = 0; rc == 0 && i < LB_FAKE_NESTED; i++)
		if (before.nested[i][0])
			rc = found(arg, before.nested[i]);
	return rc;
}

/* A path with "gone" in it has no directory above in any other subvolume. */
static int fake_move(void *ctx, const char *from, const char *to, const char *path)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	struct lb_fake_subvolume *s = find(&next, from), *t = find(&next, to);

	if (strstr(path, "gone"))
		return LB_E(NOENT);
	for (size_t i = 0; s && t && i < LB_FAKE_NESTED; i++) {
		if (strcmp(s->nested[i], path) != 0)
			continue;
		if (t->nested[i][0])
			return LB_E(EXIST);
		set_name(t->nested[i], sizeof(t->nested[i]), path);
		s->nested[i][0] = '\0';
		return change(f, &next, false);
	}
	if (!f->power->off)
		lb_fake_die("%s is not inside %s", path, from);
	return LB_E(IO);
}

static int fake_read(void *ctx, const char *file, void *buf, size_t size)
{
	struct lb_fake_snapshots *f = ctx;
	const struct lb_fake_info *i = find_file(&f->seen, file);
	int rc = look(f);

	if (rc < 0)
		return rc;
	if (!i)
		return LB_E(NOENT);
	if (strlen(i->text) > size)
		return LB_E(NOSPC);
	memcpy(buf, i->text, strlen(i->text));
	return (int)strlen(i->text);
}

static void put_file(struct lb_fake_top *t, const char *file, const char *text)
{
	struct lb_fake_info *i = find_file(t, file);

	if (!i)
		i = find_file(t, "");
	if (!i)
		lb_fake_die("no room for another file");
	set_name(i->name, sizeof(i->name), file);
	set_name(i->text, sizeof(i->text), text);
}

/* Lasts whether or not the changes before it do. */
static int write_now(struct lb_fake_snapshots *f, const char *file, const char *text)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_FAIL || outcome == LB_FAKE_DEAD)
		return LB_E(IO);
	if (outcome == LB_FAKE_CUT) {
		f->after[f->changes] = f->seen;
		put_file(&f->after[f->changes++], file, text);
		return go_off(f, 1);
	}
	put_file(&f->seen, file, text);
	put_file(&f->stored, file, text);
	for (size_t i = 0; i < f->changes; i++)
		put_file(&f->after[i], file, text);
	return 0;
}

static int fake_write(void *ctx, const char *file, const void *buf, size_t n)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	char text[192];

	(void)snprintf(text, sizeof(text), "%.*s", (int)n, (const char *)buf);
	if (f->writes_last)
		return write_now(f, file, text);
	put_file(&next, file, text);
	return change(f, &next, false);
}

static int fake_unlink(void *ctx, const char *file)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	struct lb_fake_info *i = find_file(&next, file);

	if (!i)
		return look(f);
	i->name[0] = '\0';
	return change(f, &next, false);
}

static int fake_sync(void *ctx)
{
	struct lb_fake_snapshots *f = ctx;
	int rc = look(f);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < LB_FAKE_SUBVOLUMES; i++)
		f->seen.subvolumes[i].unwritten = false;
	commit(f);
	return 0;
}

int lb_fake_snapshots_fill(void *ctx, const char *name)
{
	static const char *const stages[] = {"part of it", LB_FAKE_FILLED};
	struct lb_fake_snapshots *f = ctx;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < 2; i++) {
		struct lb_fake_top next = f->seen;
		struct lb_fake_subvolume *s = find(&next, name);

		if (!s)
			return LB_E(IO);
		set_name(s->content, sizeof(s->content), stages[i]);
		s->unwritten = true;
		rc = change(f, &next, false);
	}
	return rc;
}

int lb_fake_snapshots_nest(void *ctx, const char *name, const char *path)
{
	struct lb_fake_snapshots *f = ctx;
	struct lb_fake_top next = f->seen;
	struct lb_fake_subvolume *s = find(&next, name);
	size_t i = LB_FAKE_NESTED;

	while (s && i > 0 && s->nested[i - 1][0])
		i--;
	if ((!s || i == 0) && !f->power->off)
		lb_fake_die("there is no room for %s inside %s", path, name);
	if (!s || i == 0)
		return LB_E(IO);
	set_name(s->nested[i - 1], sizeof(s->nested[0]), path);
	return change(f, &next, false);
}

void lb_fake_snapshots_init(struct lb_fake_snapshots *f, struct lb_fake_power *power)
{
	memset(f, 0, sizeof(*f));
	f->power = power;
	f->stored.last_id = 256; /* as btrfs counts */
	f->load = (struct lb_fake_load){.ctx = f, .cut = snapshots_cut};
	lb_fake_power_add(power, &f->load);
	lb_fake_snapshots_reboot(f);
}

void lb_fake_snapshots_reboot(struct lb_fake_snapshots *f)
{
	f->seen = f->stored;
	f->changes = 0;
	f->held[0] = '\0';
}

struct lb_fake_subvolume *lb_fake_snapshots_poke(struct lb_fake_snapshots *f, const char *name,
						 const char *content)
{
	struct lb_fake_subvolume *s = find(&f->stored, "");

	*s = (struct lb_fake_subvolume){.id = ++f->stored.last_id};
	set_name(s->name, sizeof(s->name), name);
	set_name(s->content, sizeof(s->content), content);
	lb_fake_snapshots_reboot(f);
	return s;
}

void lb_fake_snapshots_poke_file(struct lb_fake_snapshots *f, const char *name, const char *text)
{
	put_file(&f->stored, name, text);
	lb_fake_snapshots_reboot(f);
}

struct plat_snapshots lb_fake_snapshots_plat(struct lb_fake_snapshots *f)
{
	return (struct plat_snapshots){
		.ctx = f,
		.list = fake_list,
		.id = fake_id,
		.runs = fake_runs,
		.held = fake_held,
		.make = fake_make,
		.copy = fake_copy,
		.exchange = fake_exchange,
		.rename = fake_rename,
		.drop = fake_drop,
		.nested = fake_nested,
		.move = fake_move,
		.read = fake_read,
		.write = fake_write,
		.unlink = fake_unlink,
		.sync = fake_sync,
	};
}
