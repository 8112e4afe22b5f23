/* lifeboat/name_list.h - the names that a machine has, for sentences such as "it has "eth0",
 * "eth1"". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tables/limits.h"

#define LB_NAMES_MAX \
	64 /* more than LEDs, ports or partitions on any router; what is over is left out */

struct lb_names {
	char name[LB_NAMES_MAX][LB_NAME_MAX];
	size_t count;
};

/* Add a name once. One that is too long or over the limit is left out. */
void lb_names_add(struct lb_names *list, const char *name);
bool lb_names_have(const struct lb_names *list, const char *name);

/* `it has "b", "a"`, those that are nearest to `wanted` first and as many as fit, or `it has none`.
 */
void lb_names_tell(struct lb_names *list, const char *wanted, char *out, size_t size);
