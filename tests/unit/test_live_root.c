/* Another root under everything that runs, in a mount namespace of our own. Needs root; skipped
 * without. */
#include "tests/t.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/storage/live_root.h"

static bool may;
static char told[256];

static bool make_dirs(const char *top, const char *const dirs[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", top, dirs[i]);
		if (mkdir(path, 0755) < 0)
			return false;
	}
	return true;
}

/* A small system of our own: what it mounts is not seen outside. */
static bool enter_small_system(void)
{
	static const char *const dirs[] = {"proc",  "old",     "mnt", "run",
					   "media", "overlay", "var", "rom"};

	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0 &&
	       make_dirs("/mnt", dirs, sizeof(dirs) / sizeof(dirs[0])) &&
	       mount("/proc", "/mnt/proc", NULL, MS_BIND | MS_REC, NULL) == 0 &&
	       syscall(SYS_pivot_root, "/mnt", "/mnt/old") == 0 && chdir("/") == 0 &&
	       umount2("/old", MNT_DETACH) == 0;
}

static void mount_tmpfs(const char *at, const char *file)
{
	char path[128];

	assert_int_equal(mount("tmpfs", at, "tmpfs", 0, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", at, file);
	assert_int_equal(close(open(path, O_WRONLY | O_CREAT, 0600)), 0);
}

static void tell(void *ctx, int pid, const char *program, const char *path, bool writes)
{
	size_t n = strlen(told);

	(void)snprintf(told + n, sizeof(told) - n, "%s %s; ", path, writes ? "written" : "entered");
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* What a person and a package may have mounted, with names that mountinfo writes in octal. */
static void mount_things(void)
{
	mount_tmpfs("/run", "daemon.pid");
	assert_int_equal(mkdir("/run/inner", 0755), 0);
	mount_tmpfs("/run/inner", "deep");
	assert_int_equal(mkdir("/media/my stick", 0755), 0);
	mount_tmpfs("/media/my stick", "photo");
	assert_int_equal(mkdir("/late", 0755), 0);
	mount_tmpfs("/late", "x");
	mount_tmpfs("/rom", "init");
	mount_tmpfs("/mnt", "stick");
	mount_tmpfs("/overlay", "of the ram");
	mount_tmpfs("/overlay", "of the flash");
}

static pid_t start_daemon(int ready)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open("/var/log", O_WRONLY | O_CREAT | O_APPEND, 0600);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not wait */
		int readonly = open("/var/log", O_RDONLY);

		if (fd < 0 || readonly < 0 || chdir("/var") < 0 || write(ready, "r", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(0);
	}
	return pid;
}

static void enter__mounts_of_everybody__move_along_and_users_of_the_old_root_are_told(void **state)
{
	static const char *const dirs[] = {"proc",	     "mnt",	"run", "media",
					   "media/my stick", "overlay", "rom"};
	int ready[2];
	uint64_t old;
	pid_t daemon;
	char byte;

	if (!may)
		skip(); /* only root can do this */
	mount_things();
	assert_int_equal(pipe(ready), 0);
	daemon = start_daemon(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(mount("tmpfs", "/mnt", "tmpfs", 0, NULL), 0);
	assert_true(make_dirs("/mnt", dirs, sizeof(dirs) / sizeof(dirs[0])));
	assert_int_equal(close(open("/mnt/new", O_WRONLY | O_CREAT, 0600)), 0);
	assert_int_equal(lb_live_root_id(&old), 0);

	assert_int_equal(lb_live_root_enter("/mnt", "/rom"), 0);
	assert_true(there("/new"));
	assert_true(there("/proc/self/status"));
	assert_true(there("/run/daemon.pid") && there("/run/inner/deep"));
	assert_true(there("/media/my stick/photo"));
	assert_true(there("/late/x")); /* its directory was not there yet */
	assert_true(there("/overlay/of the flash"));
	assert_true(there("/rom/init") && there("/mnt/stick"));
	assert_false(there("/rom/var") || there("/run/.lifeboat-old-root"));
	lb_live_root_users(old, tell, NULL);
	assert_string_equal(told, "/var/log written; /var entered; ");

	assert_int_equal(kill(daemon, SIGKILL), 0);
	assert_int_equal(waitpid(daemon, NULL, 0), daemon);
	told[0] = '\0';
	lb_live_root_users(old, tell, NULL);
	assert_string_equal(told, "");
}

static void enter__no_such_root__the_old_one_stays(void **state)
{
	uint64_t before, after;

	if (!may)
		skip();
	assert_int_equal(lb_live_root_id(&before), 0);
	assert_true(lb_live_root_enter("/nowhere", "/rom") < 0);
	assert_int_equal(lb_live_root_id(&after), 0);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(enter__no_such_root__the_old_one_stays),
		unit(enter__mounts_of_everybody__move_along_and_users_of_the_old_root_are_told),
	};

	may = geteuid() == 0 && enter_small_system();
	return cmocka_run_group_tests(all, NULL, NULL);
}
