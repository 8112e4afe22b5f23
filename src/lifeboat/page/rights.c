#include "lifeboat/page/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifeboat/status_file.h"
#include "plat/linux/machine/proc.h"

#define EMPTY_DIR  LB_RUN_DIR "/empty"
#define NOBODY	   65534 /* the number that no file should belong to, on every Linux */
#define FIRST_KEPT 3
#define MEMORY_MAX (64u << 20)

static int keep_only(int keep[2])
{
	/* Out of the way first, then side by side. */
	int high[2] = {fcntl(keep[0], F_DUPFD, LB_PAGE_FDS), fcntl(keep[1], F_DUPFD, LB_PAGE_FDS)};
	int null = open("/dev/null", O_RDWR);

	if (high[0] < 0 || high[1] < 0 || null < 0)
		return lb_err_from_errno(errno);
	for (int fd = 0; fd < FIRST_KEPT; fd++)
		if (dup2(null, fd) < 0)
			return lb_err_from_errno(errno);
	for (int i = 0; i < 2; i++)
		if (dup2(high[i], FIRST_KEPT + i) < 0)
			return lb_err_from_errno(errno);
	keep[0] = FIRST_KEPT;
	keep[1] = FIRST_KEPT + 1;
	lb_close_from(FIRST_KEPT + 2);
	return 0;
}

static int leave_files(void)
{
	if (mkdir(EMPTY_DIR, 0555) < 0 && errno != EEXIST)
		return lb_err_from_errno(errno);
	return chroot(EMPTY_DIR) < 0 || chdir("/") < 0 ? lb_err_from_errno(errno) : 0;
}

static int limit(void)
{
	static const struct {
		__rlimit_resource_t what;
		rlim_t most;
	} limits[] = {
		{RLIMIT_NOFILE, LB_PAGE_FDS},
		{RLIMIT_NPROC, 0},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_CORE, 0},
		{RLIMIT_AS, MEMORY_MAX},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit to = {limits[i].most, limits[i].most};

		if (setrlimit(limits[i].what, &to) < 0)
			return lb_err_from_errno(errno);
	}
	return 0;
}

static int become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return lb_err_from_errno(errno);
	/* With the last of root's identities go all capabilities; and there is no way back. */
	return setuid(0) == 0 ? LB_E(AUTH) : 0;
}

int lb_page_give_up_rights(int keep[2])
{
	int rc = keep_only(keep);

	if (rc == 0)
		rc = leave_files();
	if (rc == 0)
		rc = limit();
	return rc == 0 ? become_nobody() : rc;
}
