#include "lifeline/privileges.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define NOBODY 65534 /* of Debian and of the kernel's overflow uid and gid */

/* The id that sudo left in the environment, or NOBODY; never root. */
static unsigned caller_id(const char *variable)
{
	const char *text = getenv(variable);
	char *end = NULL;
	unsigned long id = text ? strtoul(text, &end, 10) : 0;

	return text && *text && !*end && id > 0 && id < NOBODY ? (unsigned)id : NOBODY;
}

int lb_privileges_drop(void)
{
	gid_t gid = caller_id("SUDO_GID");
	uid_t uid = caller_id("SUDO_UID");

	if (geteuid() != 0)
		return 0;
	if (setresgid(gid, gid, gid) < 0)
		return errno == EINVAL ? 0 : LB_E(AUTH);
	if (setgroups(0, NULL) < 0 || setresuid(uid, uid, uid) < 0)
		return LB_E(AUTH);
	return 0;
}
