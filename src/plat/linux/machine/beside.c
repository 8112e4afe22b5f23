#include "plat/linux/machine/beside.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "plat/linux/machine/console.h"

#define FDS_MAX 64 /* PID 1 has a dozen */

void lb_beside(const char *name)
{
	static struct lb_consoles consoles;

	/* Not the watchdog's descriptor above all: it would never be closed. */
	for (int fd = 3; fd < FDS_MAX; fd++)
		(void)close(fd);
	(void)setsid();
	(void)chdir("/");
	(void)prctl(PR_SET_NAME, name);
	lb_consoles_open(&consoles);
	lb_log_set_sink(lb_consoles_log, &consoles);
}
