/* image/medkit_choice.h - several medkits lie on sticks and cards: which one is meant? (pure) */
#pragma once

#include <stdbool.h>

#include "image/medkit.h"

struct lb_medkit_candidate {
	const char *name;    /* the file's, without folders */
	const char *version; /* what the tree in it says, etc/turris-version; "" = nothing */
};

/* "mox-medkit-min-latest.tar.gz": a system without most of its packages. */
bool lb_medkit_is_minimal(const char *name);

/* Is `a` rather meant than `b`? In this order: one for the whole system rather than a minimal one;
 * the newer version in the tree, where both say one; the newer time stamp in the name, where both
 * have one. Otherwise neither: the one that was found first stays. "latest" says nothing: it was
 * the latest on the day of its download. */
bool lb_medkit_is_meant(const struct lb_medkit_candidate *a, const struct lb_medkit_candidate *b);
