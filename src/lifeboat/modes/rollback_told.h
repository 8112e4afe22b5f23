/* lifeboat/modes/rollback_told.h - what a mode that went back says it did (pure). */
#pragma once

#include "store/snapshots.h"
#include "tables/limits.h"

/* `word` is the snapshot's, as lb_snapshot_word() has it; report->changed. */
void lb_rollback_told(char out[LB_SENTENCE_MAX], const char *word,
		      const struct lb_rollback_report *report);
