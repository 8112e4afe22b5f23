#include "plat/linux/machine/restart.h"

#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "plat/linux/machine/proc.h"

#define SHUTDOWN_S 20 /* a system that hangs does not shut down */

_Noreturn void lb_restart(const char *mounted)
{
	const char *const argv[] = {"reboot", NULL};

	sync();
	if (lb_fork() == 0)
		_exit(lb_program_run(argv, true) < 0);
	(void)sleep(SHUTDOWN_S);
	sync();
	if (mounted)
		(void)mount(NULL, mounted, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	sync();
	(void)reboot(RB_AUTOBOOT);
	for (;;)
		(void)pause();
}
