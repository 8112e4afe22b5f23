/* base/near.h - "did you mean ...?" */
#pragma once

#include <stddef.h>

/* Fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Looks
 * at the first 63 bytes of each. */
size_t lb_edit_distance(const char *a, const char *b);

/* May `typed` be a slip of the finger for `meant`? About one slip in three letters is allowed. */
int lb_is_near(const char *typed, const char *meant);
