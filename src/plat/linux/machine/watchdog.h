/* plat/linux/machine/watchdog.h - the hardware watchdog, fed by PID 1. */
#pragma once

#include <stdbool.h>

#define LB_WATCHDOG_KICK_MS \
	5000 /* as procd does: 30 s timeout, a kick every 5 s (its watchdog.c) */

/* Open and arm. The fd, or -1: path is "", or (said once) this machine does not have what was
 * promised. */
int lb_watchdog_open(const char *path, unsigned timeout_s);
/* The one that a PID 1 before us has left open and armed, as WDTFD says; else as
 * lb_watchdog_open(). */
int lb_watchdog_adopt(const char *path, unsigned timeout_s);

/* In a child of PID 1: it does not keep the watchdog open, which a disk that hangs would do for
 * ever, and after lb_watchdog_hand_over() the machine would be reset. What is written to its number
 * goes nowhere. */
void lb_watchdog_leave(void);

void lb_watchdog_kick(int fd);

/* How often to kick: LB_WATCHDOG_KICK_MS, or a third of what the device grants where that is less.
 */
unsigned lb_watchdog_period_ms(int fd);

/* Before the running system's init is executed. keep: the descriptor stays open across exec and
 * WDTFD names it; else magic close. The descriptor that is still ours, or -1. */
int lb_watchdog_hand_over(int fd, bool keep);
