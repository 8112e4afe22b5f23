#include "lifeboat/snapshot/hooks.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/status_file.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"

#define NEW_ROOT LB_RUN_DIR "/rollback"
#define LIMIT_MS (2 * 60 * 1000)
#define LOOK_US	 20000

static const char *const dirs[] = {"/etc/schnapps/rollback.d", "/etc/lifeboat/rollback.d"};

static void add(struct lb_rollback_hooks *h, const char *dir, const char *name)
{
	char *path = h->all[h->count];
	struct stat st;

	if (name[0] == '.' || h->count == sizeof(h->all) / sizeof(h->all[0]) ||
	    snprintf(path, LB_PATH_MAX, "%s/%s", dir, name) >= LB_PATH_MAX)
		return;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
		h->count++;
}

static void find(struct lb_rollback_hooks *h)
{
	h->count = 0;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		struct dirent **names = NULL;
		int n = scandir(dirs[i], &names, NULL, alphasort);

		for (int k = 0; k < n; k++) {
			add(h, dirs[i], names[k]->d_name);
			free(names[k]);
		}
		free(names);
	}
}

static bool ends_well(pid_t pid)
{
	const uint64_t until_ms = lb_monotonic_ms() + LIMIT_MS;
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && lb_monotonic_ms() < until_ms)
		(void)usleep(LOOK_US);
	if (ended == 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
	}
	return ended == pid && status == 0;
}

static void run_one(const char *path)
{
	pid_t pid = lb_fork();

	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO); /* front ends read what we say there */
		(void)execl(path, path, NEW_ROOT, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || !ends_well(pid))
		log_warn("%s failed; the rollback goes on", path);
}

static int run_all(void *ctx, const char *name)
{
	const struct lb_rollback_hooks *h = ctx;
	int rc = lb_dir_make(LB_RUN_DIR, 0755);

	if (rc == 0)
		rc = lb_btrfs_mount(h->fs, name, NEW_ROOT);
	if (rc < 0) {
		log_err("the new root cannot be mounted on " NEW_ROOT
			" for the programs of %s: it %s",
			dirs[0], lb_strerror(rc));
		return rc;
	}
	for (size_t i = 0; i < h->count; i++) {
		if (h->told)
			h->told(h->ctx, h->all[i]);
		run_one(h->all[i]);
	}
	if (umount2(NEW_ROOT, MNT_DETACH) < 0)
		log_warn(NEW_ROOT " stays mounted: %s", strerror(errno));
	(void)rmdir(NEW_ROOT);
	return 0;
}

void lb_rollback_hooks_join(struct lb_rollback_hooks *h, struct lb_rollback_ask *ask)
{
	find(h);
	if (h->count == 0)
		return;
	ask->prepare = run_all;
	ask->ctx = h;
}
