/* lifeboat/upgrade/upgrade_result.h - the last upgrade, told to a person. */
#pragma once

#include <stddef.h>

#include "plan/record.h"

/* "upgrade of 2026-11-21 03:44 UTC: complete, in 4.1 s"; "" when there was none. */
void lb_upgrade_sentence(const struct lb_upgrade_record *u, char *out, size_t size);
