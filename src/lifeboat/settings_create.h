/* lifeboat/settings_create.h - make an archive of what is below some paths. */
#pragma once

#include "base/err.h"
#include "image/manifest.h"

/* Into `file`, which appears when it is complete; mode 0600. Directories are taken with all that
 * is in them; what is neither file, directory nor link is left out. `head`: board, system, date.
 * On failure nothing is left behind, and one sentence has been logged. */
MUST_CHECK int lb_settings_create(const char *file, const struct lb_manifest *head,
				  char *const paths[], int count);
