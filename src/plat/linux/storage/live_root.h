/* plat/linux/storage/live_root.h - another root file system under everything that runs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The kernel's number of the mount that is the root now, by which lb_live_root_users() tells later
 * who still uses it. */
MUST_CHECK int lb_live_root_id(uint64_t *id);

/* Make `new_root` (a mount, in which the directory `old_below` is empty) the root of everything
 * that runs; whatever is mounted in the old root, by whomever, moves to the same place in the new
 * one, and the old root goes when nobody uses it any more. 0, or LB_E(...) with the old root still
 * in place. */
MUST_CHECK int lb_live_root_enter(const char *new_root, const char *old_below);

/* Called for each file of the mount that a process has open for writing, and for the directory of
 * it that a process works in. */
typedef void lb_live_root_user(void *ctx, int pid, const char *program, const char *path,
			       bool writes);
void lb_live_root_users(uint64_t id, lb_live_root_user *tell, void *ctx);
