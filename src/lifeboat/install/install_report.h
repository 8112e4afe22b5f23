/* lifeboat/install/install_report.h - what a person or a program sees of an installation. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "install/install.h"

/* A line on a terminal that says how far it is, how fast and how long it still takes. All zero at
 * the start. */
struct lb_install_meter {
	bool known, shown; /* whether stderr is a terminal was asked; a line stands there */
	bool terminal;
	enum lb_install_phase phase;
	uint64_t began_ms, drawn_ms;
};

void lb_install_meter_show(struct lb_install_meter *m, enum lb_install_phase phase,
			   uint64_t done_bytes, uint64_t total_bytes);
void lb_install_meter_end(struct lb_install_meter *m);

/* On success to stdout, else to stderr. */
void lb_install_print(const struct lb_install_report *r, const char *image, const char *place);

/* 0, or LB_E(IO|NOSPC): it could not be written. */
MUST_CHECK int lb_install_print_json(const struct lb_install_report *r, const char *image,
				     const char *place);
