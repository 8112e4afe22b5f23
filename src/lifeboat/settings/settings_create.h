/* lifeboat/settings/settings_create.h - make an archive of what is below some paths. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/manifest.h"

/* A member that is no file of the system, such as a list of packages. */
struct lb_settings_text {
	const char *path; /* relative to the root */
	const char *text;
	uint32_t mode;
};

struct lb_settings_wish {
	const char *root;   /* directory that stands for "/"; "" = "/" */
	char *const *paths; /* absolute, below the root */
	size_t count;
	bool exact; /* a directory stands for itself, and not for all that is in it */
	const struct lb_settings_text *texts; /* before the paths */
	size_t text_count;
	/* NULL, or: is this complete archive all right? Else it does not get its name, and what
	 * this returns is returned. */
	int (*check)(void *ctx, const char *file);
	void *check_ctx;
};

/* Into `file`, which appears when it is complete and on the medium; mode 0600. What is neither
 * file, directory nor link is left out. `head`: board, system, date. On failure nothing is left
 * behind, an older file stays as it was, and one sentence has been logged. */
MUST_CHECK int lb_settings_create(const char *file, const struct lb_manifest *head,
				  const struct lb_settings_wish *wish);

/* The same into a descriptor, such as standard output. */
MUST_CHECK int lb_settings_create_to(int fd, const struct lb_manifest *head,
				     const struct lb_settings_wish *wish);

/* Board and system below `root` ("" = this one), and the time. */
void lb_settings_head(struct lb_manifest *out, const char *root);
