/* lifeboat/upgrade/upgrade_tell.h - how far an upgrade is as long as the system still runs, told on
 * LB_PROGRESS_SOCKET by the process that was started for it. */
#pragma once

/* From here on every error that is logged is kept as the reason for the end. */
void lb_upgrade_tell_begin(void);

/* percent: 0 to 100, -1 = not known. Nothing without lb_upgrade_tell_begin(). */
void lb_upgrade_tell(const char *step, int percent);

/* A reason that is said in another way than by the log. */
void lb_upgrade_tell_why(const char *why);

/* `code`: LB_EXIT_OK = complete. Nobody is told anything any more. */
void lb_upgrade_tell_end(int code);
