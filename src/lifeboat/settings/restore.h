/* lifeboat/settings/restore.h - the settings that wait to be restored at a first boot. */
#pragma once

#include "store/board.h"
#include "store/overlay.h"
#include "store/settings.h"

/* With the overlay over the root: restore the staged archive if there is one and the overlay's
 * first boot is not over. The result goes into the status, the recovery log, and what is wrong on
 * the console. */
void lb_restore_settings(const struct lb_board *board, const struct lb_overlay_report *overlay);

/* What became of the archive at `path`, for a person: one sentence, "" when there was none. */
void lb_settings_sentence(const struct lb_settings_report *r, const char *path, char *out,
			  size_t size);
