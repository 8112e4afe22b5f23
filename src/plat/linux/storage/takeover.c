#include "plat/linux/storage/takeover.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "plat/linux/files/files.h"
#include "plat/linux/storage/ram_root.h"

#define INITTAB	    "/etc/inittab"
#define OUR_INITTAB LB_RAM_DIR "/inittab"
#define WAIT_FOR_S  30

enum handover {
#define HANDOVER(id, program, help) HANDOVER_##id,
#include "tables/handovers.def"
#undef HANDOVER
	HANDOVER_COUNT
};

static const char *const programs[] = {
#define HANDOVER(id, program, help) program,
#include "tables/handovers.def"
#undef HANDOVER
};

static int find_handover(char why[LB_SENTENCE_MAX])
{
	char exe[LB_PATH_MAX];
	ssize_t n = readlink("/proc/1/exe", exe, sizeof(exe) - 1);
	const char *name;

	exe[n > 0 ? n : 0] = '\0';
	name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	for (int i = 0; i < HANDOVER_COUNT; i++)
		if (strcmp(name, programs[i]) == 0)
			return i;
	(void)snprintf(
		why, LB_SENTENCE_MAX,
		"PID 1 of this system (%.60s) cannot be told to make way: put the image on a USB "
		"stick and start the upgrade from there, or do it in failsafe",
		name);
	return LB_E(UNSUP);
}

int lb_takeover_check(char why[LB_SENTENCE_MAX])
{
	int rc = find_handover(why);

	if (rc < 0)
		return rc;
	if (access(INITTAB, R_OK) == 0)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX,
		       "PID 1 cannot be told to make way: there is no " INITTAB
		       ", over which ours could be put");
	return LB_E(UNSUP);
}

static int fail(char why[LB_SENTENCE_MAX], int rc)
{
	(void)snprintf(why, LB_SENTENCE_MAX, "PID 1 cannot be told to make way: " INITTAB " %s",
		       lb_strerror(rc));
	return rc;
}

/* No shutdown action of the system's own: its scripts would unmount what the image lies on. The
 * helper's start says that PID 1 has read all of it; a signal sent earlier would find the old one.
 */
static int put_inittab(const char *helper)
{
	char text[2 * LB_PATH_MAX];
	int n = snprintf(text, sizeof(text),
			 "::respawn:" LB_RAM_PROGRAM " %s\n::restart:" LB_RAM_PROGRAM "\n", helper);
	int rc = lb_file_replace(OUR_INITTAB, text, (size_t)n, 0600);

	if (rc == 0 && mount(OUR_INITTAB, INITTAB, NULL, MS_BIND, NULL) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

int lb_takeover_run(const char *helper, char why[LB_SENTENCE_MAX])
{
	int rc = find_handover(why);

	if (rc < 0)
		return rc;
	rc = put_inittab(helper);
	if (rc < 0)
		return fail(why, rc);
	/* This session ends with all others: not before PID 1 has its new program. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	if (kill(1, SIGHUP) == 0)
		(void)sleep(WAIT_FOR_S);
	rc = LB_E(TIMEOUT);
	(void)umount2(INITTAB, MNT_DETACH);
	(void)kill(1, SIGHUP);
	return fail(why, rc);
}

_Noreturn void lb_takeover_go(void)
{
	(void)kill(1, SIGQUIT);
	for (;;)
		(void)pause();
}
