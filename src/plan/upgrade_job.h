/* plan/upgrade_job.h - what is handed to the PID 1 that writes the root anew: a small text file
 * (pure). docs/upgrade.md shows one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_UPGRADE_JOB_MAX 1024 /* bytes of the file: three paths and their names */

struct lb_upgrade_job {
	char image[LB_PATH_MAX];    /* absolute */
	char settings[LB_PATH_MAX]; /* archive to be put into the new overlay; "" = none */
	char root[LB_PATH_MAX];	    /* which is written; "" = where the board has its root */
	bool forced;		    /* the board's refusals were overruled */
	bool ignore_minor;	    /* of compat_version */
};

/* Encode; how many bytes. LB_E(RANGE): a path is not absolute where it has to be, or holds a line
 * end. */
MUST_CHECK int lb_upgrade_job_encode(const struct lb_upgrade_job *job,
				     char out[LB_UPGRADE_JOB_MAX]);

/* 0, or with `out` untouched LB_E(FORMAT). Unknown words are an error: whoever wrote them meant
 * something that this program would not do. */
MUST_CHECK int lb_upgrade_job_parse(struct lb_upgrade_job *out, const void *buf, size_t n);
