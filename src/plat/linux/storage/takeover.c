#include "plat/linux/storage/takeover.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/ram_root.h"

#define WAIT_FOR_S 30

/* busybox */
#define INITTAB	    "/etc/inittab"
#define OUR_INITTAB LB_RAM_DIR "/inittab"

/* procd executes this below the directory that it is given. */
#define UPGRADED "/sbin/upgraded"
#define CALL_MAX (2 * LB_PATH_MAX)
#define DEEP	 16 /* LB_RAM_DIR is not deeper */

/* systemd executes this when all is stopped and unmounted, and is below OLD_ROOT then. */
#define EXIT_DIR   "/run/initramfs"
#define EXIT_NAME  "/shutdown"
#define OLD_ROOT   "/oldroot"
#define REBOOT	   (SIGRTMIN + 5) /* systemd(1): starts reboot.target */
#define SHUTDOWN_S 300		  /* a service may take 90 s to stop, and another one behind it */

static int find_way(enum lb_takeover_way wanted, char why[LB_SENTENCE_MAX])
{
	char exe[LB_PATH_MAX];
	ssize_t n = readlink("/proc/1/exe", exe, sizeof(exe) - 1);
	const char *name;

	if (wanted != LB_TAKEOVER_AUTO && wanted != LB_TAKEOVER_NONE)
		return (int)wanted;
	exe[n > 0 ? n : 0] = '\0';
	name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	for (int i = LB_TAKEOVER_AUTO + 1; wanted != LB_TAKEOVER_NONE && i < LB_TAKEOVER_NONE; i++)
		if (strcmp(name, lb_takeover_name((unsigned)i)) == 0)
			return i;
	(void)snprintf(
		why, LB_SENTENCE_MAX,
		"PID 1 (%.32s) is not told to make way: system.handover of the board file is "
		"\"%s\"%s; put the image on a USB stick and start the upgrade from there, or do "
		"it in failsafe",
		name, lb_takeover_name(wanted),
		wanted == LB_TAKEOVER_NONE ? "" : ", and knows no such init");
	return LB_E(UNSUP);
}

static int fail(char why[LB_SENTENCE_MAX], int rc, const char *what)
{
	(void)snprintf(why, LB_SENTENCE_MAX, "PID 1 cannot be told to make way: %.120s %s", what,
		       lb_strerror(rc));
	return rc;
}

/* --- busybox */

static int check_busybox(char *why)
{
	if (access(INITTAB, R_OK) == 0)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX,
		       "PID 1 cannot be told to make way: there is no " INITTAB
		       ", over which ours could be put");
	return LB_E(UNSUP);
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

static int tell_busybox(const char *helper, char *why)
{
	int rc = put_inittab(helper);

	if (rc < 0)
		return fail(why, rc, INITTAB);
	if (kill(1, SIGHUP) == 0)
		(void)sleep(WAIT_FOR_S);
	(void)umount2(INITTAB, MNT_DETACH);
	(void)kill(1, SIGHUP);
	return fail(why, LB_E(TIMEOUT), INITTAB);
}

_Noreturn void lb_takeover_go(void)
{
	(void)kill(1, SIGQUIT);
	for (;;)
		(void)pause();
}

/* --- procd */

static int write_call(char out[CALL_MAX], const char *image)
{
	for (const char *c = image; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
			return LB_E(RANGE);
	return snprintf(out, CALL_MAX,
			"{\"prefix\":\"" LB_RAM_DIR "\",\"path\":\"%s\",\"command\":\"-\","
			"\"force\":true,\"options\":{}}",
			image) < CALL_MAX
		       ? 0
		       : LB_E(RANGE);
}

static int check_procd(const char *image, char *why)
{
	char path[LB_PATH_MAX], call[CALL_MAX];
	int rc = lb_program_find("ubus", path, sizeof(path));

	if (rc < 0)
		return fail(why, LB_E(UNSUP), "the program ubus, which asks procd,");
	rc = write_call(call, image);
	return rc < 0 ? fail(why, rc, "the path of the image") : 0;
}

static int tell_procd(const char *image, char *why)
{
	char call[CALL_MAX];
	const char *const argv[] = {"ubus", "call", "system", "sysupgrade", call, NULL};
	int rc = write_call(call, image);

	if (rc == 0)
		rc = lb_dir_make(LB_RAM_DIR "/sbin", 0700);
	if (rc == 0 && symlink("../lifeboat", LB_RAM_DIR UPGRADED) < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0)
		return fail(why, rc, LB_RAM_DIR UPGRADED);
	/* Its end says nothing: when procd does it, ubus is cut off or ended, and what was made in
	 * RAM has to stay until this process is ended too. */
	(void)!lb_program_run(argv, true);
	(void)sleep(WAIT_FOR_S);
	return fail(why, LB_E(TIMEOUT), "procd");
}

/* A process that stands outside its root climbs to the real one. */
static void climb_out(void)
{
	if ((mkdir("/out", 0700) < 0 && errno != EEXIST) || chroot("/out") < 0)
		return;
	for (int i = 0; i < DEEP; i++)
		(void)!chdir("..");
	(void)!chroot(".");
	(void)rmdir(LB_RAM_DIR "/out");
}

/* --- systemd */

static int check_systemd(char *why)
{
	if (!lb_is_tmpfs("/run"))
		return fail(why, LB_E(UNSUP), "a /run that is not in RAM");
	if (access(EXIT_DIR EXIT_NAME, F_OK) < 0)
		return 0;
	return fail(why, LB_E(BUSY), EXIT_DIR EXIT_NAME ", which somebody else has put there,");
}

/* A board without a file has the defaults there too. */
static int keep(const char *file)
{
	char to[LB_PATH_MAX];
	int n = snprintf(to, sizeof(to), EXIT_DIR "%s", file);
	char *slash = strrchr(to, '/');
	int rc;

	if (n >= (int)sizeof(to))
		return LB_E(RANGE);
	if (access(file, F_OK) < 0)
		return lb_dir_make(EXIT_DIR, 0755);
	*slash = '\0';
	rc = lb_dir_make(to, 0755);
	*slash = '/';
	return rc < 0 ? rc : lb_ram_root_copy(file, to);
}

/* This session is stopped with all others, and need not be waited for: what it has made stays. */
static int tell_systemd(const char *board_file, char *why)
{
	int rc = keep(board_file);

	if (rc == 0 && link(LB_RAM_PROGRAM, EXIT_DIR EXIT_NAME) < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0)
		return fail(why, rc, EXIT_DIR EXIT_NAME);
	if (kill(1, REBOOT) == 0)
		(void)sleep(SHUTDOWN_S);
	(void)unlink(EXIT_DIR EXIT_NAME);
	return fail(why, LB_E(TIMEOUT), "systemd, which was asked for a reboot,");
}

/* What is mounted there is mounted here too; only the old root itself has to be free. */
static void leave_old_root(void)
{
	static const char *const twice[] = {"/dev", "/proc", "/run", "/sys"};
	char path[LB_NAME_MAX];

	if ((mkdir("/tmp", 0700) == 0 || errno == EEXIST) &&
	    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
		log_warn("there is no /tmp: %s", strerror(errno));
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		(void)snprintf(path, sizeof(path), OLD_ROOT "%s", twice[i]);
		(void)umount2(path, MNT_DETACH);
	}
}

/* --- all of them */

int lb_takeover_check(struct lb_takeover *t, char why[LB_SENTENCE_MAX])
{
	int way = find_way(t->way, why);

	if (way < 0)
		return way;
	t->way = (enum lb_takeover_way)way;
	if (t->way == LB_TAKEOVER_PROCD)
		return check_procd(t->image, why);
	return t->way == LB_TAKEOVER_SYSTEMD ? check_systemd(why) : check_busybox(why);
}

bool lb_takeover_is_flat(const struct lb_takeover *t)
{
	return t->way == LB_TAKEOVER_SYSTEMD;
}

int lb_takeover_run(const struct lb_takeover *t, char why[LB_SENTENCE_MAX])
{
	if (t->way == LB_TAKEOVER_SYSTEMD)
		return tell_systemd(t->board_file, why);
	/* This session ends with all others: not before PID 1 has its new program. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	return t->way == LB_TAKEOVER_PROCD ? tell_procd(t->image, why)
					   : tell_busybox(t->helper, why);
}

/* systemd has blocked them all, and that is inherited: no end of a child would be heard of. */
static void hear_signals(void)
{
	sigset_t none;

	for (int s = 1; s <= SIGRTMAX; s++)
		(void)signal(s, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

bool lb_takeover_arrive(const char *name)
{
	const bool upgraded = strcmp(name, UPGRADED) == 0;

	if (upgraded)
		climb_out();
	else if (strcmp(name, EXIT_NAME) == 0)
		leave_old_root();
	else
		return false;
	hear_signals();
	return true;
}
