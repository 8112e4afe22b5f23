/* plat/linux/machine/restart.h - reboot the running system from a process beside it. */
#pragma once

/* The system's own way first; then without it. `mounted`: made read-only before that, as nobody
 * has unmounted it; NULL = nothing. Not for PID 1. */
_Noreturn void lb_restart(const char *mounted);
