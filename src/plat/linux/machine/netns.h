/* plat/linux/machine/netns.h - a network of this process alone. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

/* From now on this process and its children have a network and mounts of their own; those of
 * `ports` that are there move into it, the others stay as they are. Ports come back when the last
 * of these processes has ended. How many came along, LB_E(UNSUP) when the kernel has no such
 * networks, LB_E(AUTH|IO). */
MUST_CHECK int lb_netns_enter(const char (*ports)[LB_IFNAME_MAX], size_t count);
