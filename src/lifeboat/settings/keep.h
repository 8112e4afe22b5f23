/* lifeboat/settings/keep.h - the list of what an upgrade or a backup keeps, read from a root file
 * system. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

struct lb_keep_ask {
	const char *root; /* of the system; "" = this one's */
	bool changed_etc; /* also whatever was changed in /etc */
	bool changed_all; /* also whatever was changed anywhere and is of no package */
	bool skip_same;	  /* but not what is as the read-only system below /rom has it */
};

/* Absolute paths below the root, sorted, each once: files, links, and the directories that hold
 * them as far as those were asked for. Owned by the struct. */
struct lb_keep {
	char **paths;
	size_t count, room;
};

/* 0, or `why` is one sentence: LB_E(FORMAT) a list is not understood, LB_E(NOENT) nothing was
 * changed because there is no overlay, LB_E(IO|NOSPC). */
MUST_CHECK int lb_keep_list(struct lb_keep *out, const struct lb_keep_ask *ask,
			    char why[LB_SENTENCE_MAX]);
void lb_keep_freep(struct lb_keep *k);

/* Add a copy of `path`; sort, and leave out what is there twice; find. */
MUST_CHECK int lb_keep_add(struct lb_keep *k, const char *path);
void lb_keep_sort(struct lb_keep *k);
bool lb_keep_has(const struct lb_keep *sorted, const char *path);

/* All of a file of at most 4 MiB, ended by a byte 0 that does not count. Its length, or LB_E(...).
 * The caller frees *out. */
MUST_CHECK int lb_keep_slurp(char **out, const char *path);

/* Files that packages own. */
MUST_CHECK int lb_keep_owned(struct lb_keep *out, const char *root);

/* "name TAB rom|overlay|unknown" for each installed package, as OpenWrt lists them. The caller
 * frees; NULL: no memory. */
char *lb_keep_packages(const char *root);

/* A script that switches off again what is switched off now; "" = nothing is, or this is no
 * OpenWrt. The caller frees; NULL: no memory. */
char *lb_keep_disabled(const char *root);
