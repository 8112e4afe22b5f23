/* lifeboat/upgrade/follow.h - show what is told on LB_PROGRESS_SOCKET. */
#pragma once

#include <stdbool.h>

/* Waits for somebody to work, and prints each line until there is a result. `json`: as they come.
 * LB_EXIT_OK when the work went well; an exit code. */
int lb_follow(bool json);
