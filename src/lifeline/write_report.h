/* lifeline/write_report.h - what "lifeline write" says: to a person, or one JSON object per line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "install/verify.h"
#include "lifeline/amounts.h"
#include "plat/linux/disk/drives.h"

enum lb_write_step {
	LB_WRITE_STEP_CHECK, /* the image is read and verified */
	LB_WRITE_STEP_WRITE,
	LB_WRITE_STEP_READ, /* back, from the card */
	LB_WRITE_STEP_FINISH,
};

struct lb_write_report {
	bool json, live; /* live: standard error is a terminal, which shows one line that moves */
	enum lb_write_step step;
	uint64_t start_ms, shown_ms;
	struct lb_speed speed;
	bool line; /* something stands on the terminal's last line */
};

void lb_write_report_init(struct lb_write_report *r, bool json);

/* How far it is; total UINT64_MAX = not known. Looks at the clock, and says something now and then.
 */
void lb_write_report_progress(struct lb_write_report *r, enum lb_write_step step,
			      uint64_t done_bytes, uint64_t total_bytes);

/* The moving line is over. */
void lb_write_report_end_line(struct lb_write_report *r);

/* The image was found to be whole. */
void lb_write_report_image(const struct lb_write_report *r, const char *name,
			   const struct lb_verified *v);

/* The end. `bytes`: what was written; `code`: the exit status; `why` "" = all is well. */
void lb_write_report_done(struct lb_write_report *r, const struct lb_drive *d, uint64_t bytes,
			  int code, const char *why);
void lb_write_report_failed(struct lb_write_report *r, int code, const char *why);
