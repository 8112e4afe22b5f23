#include "plat/linux/storage/live_root.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"
#include "tables/limits.h"

#define OLD_AT "/run/.lifeboat-old-root"

static int mount_id(const char *path, uint64_t *id)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_MNT_ID, &st) < 0)
		return lb_err_from_errno(errno);
	if (!(st.stx_mask & STATX_MNT_ID))
		return LB_E(UNSUP);
	*id = st.stx_mnt_id;
	return 0;
}

int lb_live_root_id(uint64_t *id)
{
	return mount_id("/", id);
}

/* proc_pid_mountinfo(5) writes blanks and the like as \040, three octal digits. */
static void unescape(char *s)
{
	char *out = s;

	for (const char *in = s; *in; out++) {
		if (in[0] == '\\' && isdigit(in[1]) && isdigit(in[2]) && isdigit(in[3])) {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* Where a line of mountinfo says that something is mounted on the mount `parent`, or NULL. The line
 * is cut up. */
static char *place_in(char *line, uint64_t parent)
{
	unsigned long long on;
	char *where;

	if (sscanf(line, "%*u %llu", &on) != 1 || on != parent)
		return NULL;
	for (int skip = 0; skip < 4; skip++)
		if (!strsep(&line, " "))
			return NULL;
	where = strsep(&line, " ");
	if (where)
		unescape(where);
	return where;
}

static void move_mount_to(const char *from, const char *to)
{
	int rc;

	if (mount(from, to, NULL, MS_MOVE, NULL) == 0)
		return;
	if (errno == ENOENT) {
		rc = lb_dir_make(to, 0755);
		if (rc == 0 && mount(from, to, NULL, MS_MOVE, NULL) == 0)
			return;
	}
	log_warn("%s cannot be taken along into the new root: %s", to, strerror(errno));
}

/* The list is read to its end first: it changes with each mount that moves. */
static int move_all(uint64_t old_root, const char *old_at)
{
	CLEANUP(lb_freep) char *list = NULL;
	size_t size = 0, len = strlen(old_at);
	{
		CLEANUP(lb_file_closep) FILE *f = fopen("/proc/self/mountinfo", "re");

		if (!f || getdelim(&list, &size, '\0', f) < 0)
			return lb_err_from_errno(errno);
	}
	for (char *line, *rest = list; (line = strsep(&rest, "\n"));) {
		const char *from = place_in(line, old_root);

		if (from && strncmp(from, old_at, len) == 0 && from[len] == '/')
			move_mount_to(from, from + len);
	}
	return 0;
}

/* pivot_root(2) leaves the old root on a directory where something of its own may belong: it moves
 * on to one of ours, with /proc and /run ahead, which that takes. */
static int clear_away(const char *old_at)
{
	static const char *const first[] = {"/proc", "/run"};
	char from[LB_PATH_MAX];

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", old_at, first[i]);
		if (mount(from, first[i], NULL, MS_MOVE, NULL) < 0)
			log_warn("%s cannot be taken along into the new root: %s", first[i],
				 strerror(errno));
	}
	if ((mkdir(OLD_AT, 0700) < 0 && errno != EEXIST) ||
	    mount(old_at, OLD_AT, NULL, MS_MOVE, NULL) < 0)
		return lb_err_from_errno(errno);
	return 0;
}

int lb_live_root_enter(const char *new_root, const char *old_below)
{
	char put_old[LB_PATH_MAX];
	uint64_t old_root;
	int rc = mount_id("/", &old_root);

	if (rc < 0)
		return rc;
	(void)snprintf(put_old, sizeof(put_old), "%s%s", new_root, old_below);
	if (syscall(SYS_pivot_root, new_root, put_old) < 0 || chdir("/") < 0)
		return lb_err_from_errno(errno);
	rc = clear_away(old_below);
	if (rc == 0)
		rc = move_all(old_root, OLD_AT);
	if (rc < 0)
		log_err("what was mounted in the old root stays there: it %s", lb_strerror(rc));
	else if (umount2(OLD_AT, MNT_DETACH) < 0 || rmdir(OLD_AT) < 0)
		log_warn("the old root stays at %s: %s", OLD_AT, strerror(errno));
	return 0;
}

/* --- who still uses it */

static bool is_number(const char *name)
{
	return *name && name[strspn(name, "0123456789")] == '\0';
}

/* proc_pid_fdinfo(5): open for writing, and in that mount? */
static bool is_writer(const char *fdinfo, uint64_t mount)
{
	CLEANUP(lb_file_closep) FILE *f = fopen(fdinfo, "re");
	unsigned long long id = 0;
	unsigned flags = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		(void)sscanf(line, "flags: %o", &flags);
		(void)sscanf(line, "mnt_id: %llu", &id);
	}
	return f && id == mount && (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
}

static void tell_of(const char *link, int pid, const char *program, bool writes,
		    lb_live_root_user *tell, void *ctx)
{
	char path[PATH_MAX];
	ssize_t n = readlink(link, path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = '\0';
	tell(ctx, pid, program, path, writes);
}

static void look_at_files(int pid, uint64_t mount, const char *program, lb_live_root_user *tell,
			  void *ctx)
{
	char path[LB_PATH_MAX];
	struct dirent *e;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	CLEANUP(lb_dir_closep) DIR *d = opendir(path);
	while (d && (e = readdir(d))) {
		if (!is_number(e->d_name))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.16s", pid, e->d_name);
		if (!is_writer(path, mount))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", pid, e->d_name);
		tell_of(path, pid, program, true, tell, ctx);
	}
}

static void look_at_process(int pid, uint64_t mount, lb_live_root_user *tell, void *ctx)
{
	char path[LB_PATH_MAX], program[LB_NAME_MAX];
	uint64_t at;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (lb_file_read(path, program, sizeof(program)) < 0)
		return; /* it has ended meanwhile */
	look_at_files(pid, mount, program, tell, ctx);
	(void)snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	if (mount_id(path, &at) == 0 && at == mount)
		tell_of(path, pid, program, false, tell, ctx);
}

void lb_live_root_users(uint64_t id, lb_live_root_user *tell, void *ctx)
{
	CLEANUP(lb_dir_closep) DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (is_number(e->d_name) && atoi(e->d_name) != getpid())
			look_at_process(atoi(e->d_name), id, tell, ctx);
}
