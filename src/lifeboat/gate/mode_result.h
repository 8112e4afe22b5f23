/* lifeboat/gate/mode_result.h - what a rescue mode did, for the recovery record and for people. */
#pragma once

#include <sys/types.h>

#include "lifeboat/modes/mode.h"
#include "lifeboat/status_file.h"
#include "plan/record.h"

/* Into the recovery record, if this board keeps one. `result` NULL: it begins. */
void lb_mode_note(const struct lb_board *board, enum lb_mode mode,
		  const struct lb_mode_result *result);

/* The process `pid` notes, and takes too long: it must not write when the mode is at work. */
void lb_mode_note_end(pid_t pid);

/* What `mode` has come to; fills the fields of the record too. */
void lb_mode_outcome(struct lb_rescue_record *out, enum lb_mode mode,
		     const struct lb_mode_result *result);

/* Tell `status` of it: "rescue mode 3 (factory) is done: ...", "" when there was none. */
void lb_mode_tell(const struct lb_rescue_record *r, struct lb_status *status);
