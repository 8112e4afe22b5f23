/* lifeboat/page/page.h - the rescue page at the rescue address (docs/rescue-page.md): a child of
 * PID 1 that reads what stands, and below it a server without rights that tells it to browsers. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "plat/linux/machine/net.h"
#include "store/board.h"

/* Does this board have the page, on a LAN that is up? */
bool lb_page_is_wanted(const struct lb_board *board, const struct lb_lan *lan);

/* In a child of PID 1: serve the page until the child is ended by a signal. If it cannot be served
 * that is said once. */
_Noreturn void lb_page_run(const struct lb_board *board, const struct lb_lan *lan);

/* The same in a child of its own, in a process group of its own; its PID, or 0. */
pid_t lb_page_start(const struct lb_board *board, const struct lb_lan *lan);

/* End it; 0 is nothing. */
void lb_page_end(pid_t pid);
