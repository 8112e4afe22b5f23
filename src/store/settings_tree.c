#include "store/settings_tree.h"

#include <stdlib.h>

#include <sodium.h>

#define SLOTS	  32768 /* a power of two */
#define SLOTS_MAX (SLOTS / 4 * 3)

enum kind { /* the low bits of a slot; 0 = free */
	KIND_FILE = 1,
	KIND_LINK = 2,
	KIND_DIR = 3,
};

struct lb_settings_tree {
	uint64_t slots[SLOTS]; /* the upper bits of a path's hash, and its kind */
	unsigned used;
};

struct lb_settings_tree *lb_settings_tree_new(void)
{
	return calloc(1, sizeof(struct lb_settings_tree));
}

void lb_settings_tree_freep(struct lb_settings_tree **t)
{
	free(*t);
}

/* Where the path stands, or is to stand. */
static uint64_t *slot_of(struct lb_settings_tree *t, const char *path, size_t n, uint64_t *name)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES];
	size_t at;

	(void)crypto_shorthash((uint8_t *)name, (const uint8_t *)path, n, key);
	*name &= ~3ull;
	at = (size_t)(*name >> 2) % SLOTS;
	while (t->slots[at] && (t->slots[at] & ~3ull) != *name)
		at = (at + 1) % SLOTS;
	return &t->slots[at];
}

static enum kind kind_of(const struct lb_member *m)
{
	switch (m->type) {
	case LB_MEMBER_DIR:
		return KIND_DIR;
	case LB_MEMBER_LINK:
		return KIND_LINK;
	case LB_MEMBER_FILE:
	case LB_MEMBER_HARDLINK:
		break;
	}
	return KIND_FILE;
}

static int put(struct lb_settings_tree *t, const char *path, size_t n, enum kind kind)
{
	uint64_t name, *slot = slot_of(t, path, n, &name);
	enum kind there = (enum kind)(*slot & 3);

	if (there)
		return (there == KIND_DIR) == (kind == KIND_DIR) ? 0 : LB_E(AUTH);
	if (t->used == SLOTS_MAX)
		return LB_E(RANGE);
	t->used++;
	*slot = name | kind;
	return 0;
}

int lb_settings_tree_add(struct lb_settings_tree *t, const struct lb_member *m)
{
	const size_t n = strlen(m->path);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (m->path[i] == '/')
			rc = put(t, m->path, i, KIND_DIR);
	if (rc == 0 && m->type == LB_MEMBER_HARDLINK) {
		uint64_t name;

		if ((*slot_of(t, m->target, strlen(m->target), &name) & 3) != KIND_FILE)
			rc = LB_E(AUTH);
	}
	return rc < 0 ? rc : put(t, m->path, n, kind_of(m));
}
