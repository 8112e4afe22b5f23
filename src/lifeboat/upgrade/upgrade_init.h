/* lifeboat/upgrade/upgrade_init.h - PID 1 of an upgrade: what the system's init, or the boot gate,
 * has made way for. */
#pragma once

#include <stdbool.h>

/* Was this PID 1 started to carry out a job? */
bool lb_upgrade_is_wanted(void);

/* Carry it out, write down what came of it, reboot. */
_Noreturn void lb_upgrade_as_init(void);
