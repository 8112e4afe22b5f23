#include "plat/linux/machine/beside.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "plat/linux/machine/console.h"
#include "plat/linux/machine/proc.h"

void lb_beside(const char *name)
{
	static struct lb_consoles consoles;

	lb_close_from(STDERR_FILENO + 1);
	(void)setsid();
	(void)chdir("/");
	(void)prctl(PR_SET_NAME, name);
	lb_consoles_open(&consoles);
	lb_log_set_sink(lb_consoles_log, &consoles);
}
