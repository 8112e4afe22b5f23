#include "plat/fake/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 512

struct lb_fake_change {
	enum {
		MAKE,
		APPEND,
		OWN,
		RENAME,
		REMOVE
	} kind;
	struct lb_fake_node node; /* path, and what is to become of it */
	char to[64];
};

static struct lb_fake_node *find(struct lb_fake_root *r, const char *path)
{
	for (size_t i = 0; i < LB_FAKE_NODES; i++)
		if (strcmp(r->nodes[i].path, path) == 0)
			return &r->nodes[i];
	return NULL;
}

const struct lb_fake_node *lb_fake_root_find(const struct lb_fake_root *r, const char *path)
{
	for (size_t i = 0; i < LB_FAKE_NODES; i++)
		if (strcmp(r->nodes[i].path, path) == 0)
			return &r->nodes[i];
	return NULL;
}

static struct lb_fake_node *find_or_make(struct lb_fake_root *r, const char *path)
{
	struct lb_fake_node *n = find(r, path);

	if (!n)
		n = find(r, "");
	if (!n)
		lb_fake_die("no room for another file in the fake root");
	return n;
}

static void set_path(char out[64], const char *path)
{
	if (snprintf(out, 64, "%s", path) >= 64)
		lb_fake_die("the path %s is too long for the fake root", path);
}

static void append(struct lb_fake_node *n, const struct lb_fake_node *more)
{
	if (n->size + more->size > sizeof(n->data))
		lb_fake_die("%s is too large for the fake root", n->path);
	memcpy(n->data + n->size, more->data, more->size);
	n->size += more->size;
}

/* Changes to what never came to be are lost, as in a journal that was cut. */
static void apply(struct lb_fake_root *r, const struct lb_fake_change *c)
{
	struct lb_fake_node *n = find(r, c->node.path);

	switch (c->kind) {
	case MAKE:
		*find_or_make(r, c->node.path) = c->node;
		return;
	case APPEND:
		if (n)
			append(n, &c->node);
		return;
	case OWN:
		if (!n)
			return;
		n->mode = c->node.mode;
		n->uid = c->node.uid;
		n->gid = c->node.gid;
		return;
	case RENAME:
		if (!n)
			return;
		if (find(r, c->to))
			find(r, c->to)->path[0] = '\0';
		set_path(n->path, c->to);
		return;
	case REMOVE:
		if (n)
			n->path[0] = '\0';
		return;
	}
}

static bool reaches_medium(const struct lb_fake_settings *f, const struct lb_fake_fate *fate,
			   size_t i, uint64_t *random)
{
	size_t before = f->change_count - (size_t)f->load.under_way;

	switch (fate->policy) {
	case LB_FAKE_KEPT:
		return true;
	case LB_FAKE_LOST:
		return false;
	case LB_FAKE_TORN_HEAD:
		return i < before;
	case LB_FAKE_TORN_TAIL:
		return i >= before;
	case LB_FAKE_REORDERED:
	case LB_FAKE_SCRAMBLED:
		break;
	}
	return lb_fake_random(random) & 1;
}

static void settings_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_settings *f = ctx;
	uint64_t random = fate->arg;

	for (size_t i = 0; i < f->change_count; i++) {
		struct lb_fake_change *c = &f->changes[i];

		if (!reaches_medium(f, fate, i, &random))
			continue;
		if (fate->policy == LB_FAKE_SCRAMBLED && c->kind == APPEND)
			for (size_t k = 0; k < c->node.size; k++)
				c->node.data[k] = (uint8_t)lb_fake_random(&random);
		apply(&f->stored, c);
	}
	f->change_count = 0;
}

static int go_off(struct lb_fake_settings *f, uint64_t under_way)
{
	f->load.at_stake = f->change_count;
	f->load.under_way = under_way;
	lb_fake_power_go_off(f->power);
	return LB_E(IO);
}

/* An operation that changes nothing. */
static int look(struct lb_fake_settings *f)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_CUT)
		return go_off(f, 0);
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

static int change(struct lb_fake_settings *f, const struct lb_fake_change *c)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_FAIL || outcome == LB_FAKE_DEAD)
		return LB_E(IO);
	if (f->change_count == CHANGES_MAX)
		lb_fake_die("too many changes without a sync");
	f->changes[f->change_count++] = *c;
	if (outcome == LB_FAKE_CUT)
		return go_off(f, 1);
	apply(&f->seen, c);
	return 0;
}

static int fake_rewind(void *ctx)
{
	struct lb_fake_settings *f = ctx;

	f->read_at = 0;
	return look(f);
}

static int fake_read(void *ctx, void *buf, size_t n)
{
	struct lb_fake_settings *f = ctx;
	size_t left = f->archive_size - f->read_at;
	int rc = look(f);

	if (rc < 0)
		return rc;
	n = n < left ? n : left;
	memcpy(buf, f->archive + f->read_at, n);
	f->read_at += n;
	return (int)n;
}

static int fake_free_bytes(void *ctx, uint64_t *out)
{
	struct lb_fake_settings *f = ctx;
	int rc = look(f);

	if (rc == 0)
		*out = f->free_bytes;
	return rc;
}

static bool lies_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return n > 0 && strncmp(path, above, n) == 0 && path[n] == '/';
}

static int fake_look(void *ctx, const char *path)
{
	struct lb_fake_settings *f = ctx;
	const struct lb_fake_node *n = find(&f->seen, path);
	int rc = look(f);

	for (size_t i = 0; rc == 0 && i < LB_FAKE_NODES; i++)
		if (lies_below(path, f->seen.nodes[i].path) &&
		    f->seen.nodes[i].type != LB_MEMBER_DIR)
			rc = LB_E(STATE);
	if (rc < 0)
		return rc;
	return !n ? LB_PLACE_NOTHING : n->type == LB_MEMBER_DIR ? LB_PLACE_DIR : LB_PLACE_FILE;
}

static int fake_rom_read(void *ctx, const char *path, void *buf, size_t size)
{
	struct lb_fake_settings *f = ctx;
	const struct lb_fake_node *n = f->rom ? lb_fake_root_find(f->rom, path) : NULL;
	int rc = look(f);

	if (rc < 0)
		return rc;
	if (!n)
		return LB_E(NOENT);
	if (n->size >= size)
		return LB_E(NOSPC);
	memcpy(buf, n->data, n->size);
	return (int)n->size;
}

static int fake_stage_clear(void *ctx)
{
	struct lb_fake_settings *f = ctx;
	int rc = look(f);

	f->open[0] = '\0';
	for (size_t i = 0; rc == 0 && i < LB_FAKE_NODES; i++) {
		struct lb_fake_change c = {.kind = REMOVE};

		set_path(c.node.path, f->seen.nodes[i].path);
		if (strcmp(c.node.path, LB_SETTINGS_STAGE) == 0 ||
		    lies_below(c.node.path, LB_SETTINGS_STAGE))
			rc = change(f, &c);
	}
	return rc;
}

static int fake_stage_make(void *ctx)
{
	struct lb_fake_settings *f = ctx;
	struct lb_fake_change c = {.kind = MAKE,
				   .node = {.path = LB_SETTINGS_STAGE, .type = LB_MEMBER_DIR}};

	if (find(&f->seen, LB_SETTINGS_STAGE))
		return LB_E(EXIST);
	return change(f, &c);
}

static void staged_path(char out[64], unsigned number)
{
	(void)snprintf(out, 64, LB_SETTINGS_STAGE "/%u", number);
}

static void set_owner(struct lb_fake_node *n, const struct lb_member *m)
{
	n->mode = m->mode;
	n->uid = m->uid;
	n->gid = m->gid;
}

static int fake_stage_open(void *ctx, unsigned number, const struct lb_member *m)
{
	struct lb_fake_settings *f = ctx;
	struct lb_fake_change c = {.kind = MAKE, .node = {.type = m->type}};

	if (!find(&f->seen, LB_SETTINGS_STAGE) && !f->power->off)
		lb_fake_die("there is no folder to stage into");
	staged_path(c.node.path, number);
	if (find(&f->seen, c.node.path))
		return LB_E(EXIST);
	(void)snprintf(c.node.target, sizeof(c.node.target), "%.31s", m->target);
	if (m->type == LB_MEMBER_LINK)
		set_owner(&c.node, m);
	else
		(void)strcpy(f->open, c.node.path);
	return change(f, &c);
}

static int fake_stage_write(void *ctx, const void *buf, size_t n)
{
	struct lb_fake_settings *f = ctx;
	struct lb_fake_change c = {.kind = APPEND, .node = {.size = n}};

	if (!f->open[0])
		lb_fake_die("nothing is open to be written to");
	if (n > sizeof(c.node.data))
		lb_fake_die("%zu bytes are too many for the fake root", n);
	(void)strcpy(c.node.path, f->open);
	memcpy(c.node.data, buf, n);
	return change(f, &c);
}

static int fake_stage_close(void *ctx, const struct lb_member *m)
{
	struct lb_fake_settings *f = ctx;
	struct lb_fake_change c = {.kind = OWN};

	if (!f->open[0])
		lb_fake_die("nothing is open to be closed");
	(void)strcpy(c.node.path, f->open);
	f->open[0] = '\0';
	set_owner(&c.node, m);
	return change(f, &c);
}

static int make_dirs_above(struct lb_fake_settings *f, const char *path)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && path[i]; i++) {
		struct lb_fake_change c = {.kind = MAKE,
					   .node = {.type = LB_MEMBER_DIR, .mode = 0755}};

		if (path[i] != '/')
			continue;
		(void)snprintf(c.node.path, sizeof(c.node.path), "%.*s", (int)i, path);
		if (!find(&f->seen, c.node.path))
			rc = change(f, &c);
	}
	return rc;
}

static int fake_place(void *ctx, unsigned number, const struct lb_member *m)
{
	struct lb_fake_settings *f = ctx;
	struct lb_fake_change c = {.kind = RENAME};
	const struct lb_fake_node *there;
	int rc = make_dirs_above(f, m->path);

	if (rc < 0)
		return rc;
	staged_path(c.node.path, number);
	set_path(c.to, m->path);
	there = find(&f->seen, c.to);
	if (!find(&f->seen, c.node.path) && !f->power->off)
		lb_fake_die("%s was never staged", m->path);
	if (there && there->type == LB_MEMBER_DIR)
		lb_fake_die("%s is a directory: nothing can be renamed over it", m->path);
	return change(f, &c);
}

static int fake_place_dir(void *ctx, const struct lb_member *m)
{
	struct lb_fake_settings *f = ctx;
	struct lb_fake_change c = {.kind = MAKE, .node = {.type = LB_MEMBER_DIR}};
	const struct lb_fake_node *there = find(&f->seen, m->path);
	int rc = make_dirs_above(f, m->path);

	if (there && there->type != LB_MEMBER_DIR)
		lb_fake_die("%s is a file: it cannot become a directory", m->path);
	set_path(c.node.path, m->path);
	set_owner(&c.node, m);
	return rc < 0 ? rc : change(f, &c);
}

static int fake_place_hardlink(void *ctx, unsigned number, const struct lb_member *m)
{
	struct lb_fake_settings *f = ctx;
	const struct lb_fake_node *target = find(&f->seen, m->target);
	struct lb_fake_change c = {.kind = MAKE};
	int rc;

	if (!target && !f->power->off)
		lb_fake_die("%s is not there to be linked to", m->target);
	if (!target)
		return LB_E(IO);
	c.node = *target;
	staged_path(c.node.path, number);
	rc = change(f, &c);
	return rc < 0 ? rc : fake_place(f, number, m);
}

static int fake_sync(void *ctx)
{
	struct lb_fake_settings *f = ctx;
	int rc = look(f);

	if (rc < 0)
		return rc;
	f->stored = f->seen;
	f->change_count = 0;
	return 0;
}

static int fake_archive_remove(void *ctx)
{
	struct lb_fake_change c = {.kind = REMOVE, .node = {.path = LB_OVERLAY_ARCHIVE}};
	int rc = change(ctx, &c);

	return rc < 0 ? rc : fake_sync(ctx);
}

static int fake_archive_rename(void *ctx, const char *suffix)
{
	struct lb_fake_change c = {.kind = RENAME, .node = {.path = LB_OVERLAY_ARCHIVE}};
	int rc;

	(void)snprintf(c.to, sizeof(c.to), LB_OVERLAY_ARCHIVE "%s", suffix);
	rc = change(ctx, &c);
	return rc < 0 ? rc : fake_sync(ctx);
}

void lb_fake_settings_init(struct lb_fake_settings *f, struct lb_fake_power *power)
{
	*f = (struct lb_fake_settings){.power = power, .free_bytes = 1 << 20};
	f->changes = calloc(CHANGES_MAX, sizeof(*f->changes));
	if (!f->changes)
		lb_fake_die("no memory for the fake root");
	f->load = (struct lb_fake_load){.ctx = f, .cut = settings_cut};
	lb_fake_power_add(power, &f->load);
}

void lb_fake_settings_release(struct lb_fake_settings *f)
{
	free(f->changes);
}

void lb_fake_settings_reboot(struct lb_fake_settings *f)
{
	f->seen = f->stored;
	f->change_count = 0;
	f->open[0] = '\0';
}

void lb_fake_settings_poke(struct lb_fake_settings *f, const struct lb_fake_node *node)
{
	*find_or_make(&f->stored, node->path) = *node;
	lb_fake_settings_reboot(f);
}

struct plat_settings lb_fake_settings_plat(struct lb_fake_settings *f)
{
	return (struct plat_settings){
		.ctx = f,
		.archive = {.ctx = f, .rewind = fake_rewind, .read = fake_read},
		.free_bytes = fake_free_bytes,
		.look = fake_look,
		.rom_read = fake_rom_read,
		.stage_clear = fake_stage_clear,
		.stage_make = fake_stage_make,
		.stage_open = fake_stage_open,
		.stage_write = fake_stage_write,
		.stage_close = fake_stage_close,
		.place = fake_place,
		.place_dir = fake_place_dir,
		.place_hardlink = fake_place_hardlink,
		.sync = fake_sync,
		.archive_remove = fake_archive_remove,
		.archive_rename = fake_archive_rename,
	};
}
