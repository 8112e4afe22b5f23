/* lifeboat/gate/mode_open.h - the rescue modes that let a person in: "ssh" and "shell". */
#pragma once

#include "lifeboat/gate/failsafe.h"
#include "lifeboat/modes/mode.h"

/* Is it one of them? */
bool lb_mode_is_open(enum lb_mode mode);

/* Let in whoever is there, until somebody or the idle time ends it; fills all of `out`. Returns how
 * the router is to be left. `since_ms`: when the mode began, for the LED. With out->failure it has
 * not begun, *m and *status are as before, and what is returned means nothing. */
enum lb_leave lb_mode_open_run(struct lb_mode_result *out, enum lb_mode mode, uint64_t since_ms,
			       struct lb_machine *m, const struct lb_board *board,
			       struct lb_status *status);
