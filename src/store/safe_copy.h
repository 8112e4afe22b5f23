/* store/safe_copy.h - bring the archive of settings from the old overlay into the new one, so that
 * at each moment the medium has all of it, and find it there after a power cut.
 *
 * In the old overlay it lies before the first of these steps. Each step leaves the copy alone that
 * counts until it has ended:
 *   note the old overlay, the root loses its head,
 *   a copy without file system behind the head: in the old root, which nobody can boot any more,
 *   note the new overlay, make it.
 * So the copy behind the head must end before either overlay begins; whoever calls sees to that.
 * Only then may the body of the new root be written, and with it over that copy. */
#pragma once

#include <stdbool.h>

#include "plat/safe_copy.h"

/* `begun`: the root has no head already, and the archive is wherever an earlier attempt has left
 * it. 0, or LB_E(...): then *changed says whether the root is still as it was. LB_E(UNSUP): the
 * target has no head that comes last. */
MUST_CHECK int lb_safe_copy_run(const struct plat_safe_copy *p, bool begun, bool *changed);

/* The copy behind the head of a target, given to take() in pieces (NULL: only looked at). 0 when it
 * is whole, which take() cannot know before; or LB_E(NOENT) there is none, LB_E(CRC) it is not
 * whole, LB_E(...) what take() or reading returned. */
MUST_CHECK int lb_safe_copy_find(struct lb_safe_header *out, const struct plat_target *target,
				 int (*take)(void *ctx, const void *data, size_t n), void *ctx);
