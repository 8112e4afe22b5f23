#include "plat/linux/files/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static const struct {
	const char *fs, *at, *options;
	unsigned long flags;
} basic[] = {
	{"proc", "/proc", "", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"sysfs", "/sys", "", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
	{"devpts", "/dev/pts", "mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC},
	{"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV},
	{"tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV},
};

void lb_mounts_basic(void)
{
	for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++) {
		struct stat at, parent;

		/* On a read-only root the directory has to be there already. */
		if (mkdir(basic[i].at, 0755) < 0 && errno != EEXIST && errno != EROFS)
			log_warn("%s cannot be made: %s", basic[i].at, strerror(errno));
		if (stat(basic[i].at, &at) == 0 && stat("/", &parent) == 0 &&
		    at.st_dev != parent.st_dev && strcmp(basic[i].at, "/dev/pts") != 0)
			continue; /* the kernel or an earlier init did it */
		if (mount(basic[i].fs, basic[i].at, basic[i].fs, basic[i].flags, basic[i].options) <
			    0 &&
		    errno != EBUSY)
			log_warn("%s cannot be mounted on %s: %s", basic[i].fs, basic[i].at,
				 strerror(errno));
	}
}

bool lb_is_tmpfs(const char *path)
{
	struct statfs s;

	return statfs(path, &s) == 0 &&
	       ((unsigned long)s.f_type == RAMFS_MAGIC || (unsigned long)s.f_type == TMPFS_MAGIC);
}

bool lb_root_is_initramfs(void)
{
	return lb_is_tmpfs("/"); /* a root file system on a disk is never one of these two */
}

static bool is_ro(const char *options)
{
	return strncmp(options, "ro", 2) == 0 && (options[2] == ',' || options[2] == '\0');
}

/* One line of /proc/self/mountinfo (proc_pid_mountinfo(5)):
 * id parent major:minor root mountpoint options [optional fields] - fstype source superoptions */
static bool parse_line(char *line, const char *where, struct lb_mount *m)
{
	char *separator = strstr(line, " - ");
	char *mountpoint, *options, super[4];

	if (!separator || sscanf(line, "%*u %*u %u:%u", &m->major, &m->minor) != 2)
		return false;
	*separator = '\0';
	for (int skip = 0; skip < 4; skip++)
		if (!strsep(&line, " "))
			return false;
	mountpoint = strsep(&line, " ");
	options = strsep(&line, " ");
	if (!mountpoint || !options || strcmp(mountpoint, where) != 0 ||
	    sscanf(separator + 3, "%31s %255s %3s", m->fs, m->source, super) != 3)
		return false;
	m->readonly = is_ro(options) || is_ro(super);
	return true;
}

int lb_mount_at(struct lb_mount *out, const char *where)
{
	CLEANUP(lb_file_closep) FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP(lb_freep) char *line = NULL;
	struct lb_mount last = {0};
	size_t size = 0;
	bool found = false;

	if (!f)
		return lb_err_from_errno(errno);
	while (getline(&line, &size, f) > 0) {
		struct lb_mount m = {0};

		if (parse_line(line, where, &m)) {
			last = m;
			found = true;
		}
	}
	if (!found)
		return LB_E(NOENT);
	*out = last;
	return 0;
}

int lb_mount_of(unsigned major, unsigned minor, char where[LB_PATH_MAX])
{
	CLEANUP(lb_file_closep) FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP(lb_freep) char *line = NULL;
	size_t size = 0;

	if (!f)
		return lb_err_from_errno(errno);
	while (getline(&line, &size, f) > 0) {
		unsigned at_major, at_minor;
		int start = 0, end = 0;

		if (sscanf(line, "%*u %*u %u:%u %*s %n%*s%n", &at_major, &at_minor, &start, &end) !=
			    2 ||
		    at_major != major || at_minor != minor || end <= start)
			continue;
		if (end - start >= LB_PATH_MAX)
			return LB_E(NOSPC);
		memcpy(where, line + start, (size_t)(end - start));
		where[end - start] = '\0';
		return 0;
	}
	return LB_E(NOENT);
}

/* Delete all below a directory that lies on `device`; what is mounted inside stays. */
static void empty_dir(int dir_fd, dev_t device)
{
	CLEANUP(lb_dir_closep) DIR *d = fdopendir(dir_fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_dev != device)
			continue;
		if (S_ISDIR(st.st_mode)) {
			int sub = openat(dirfd(d), e->d_name,
					 O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

			if (sub >= 0)
				empty_dir(sub, device);
		}
		/* Only memory is at stake: what cannot be deleted stays. */
		(void)unlinkat(dirfd(d), e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
}

/* A mount point that the new root lacks costs that one file system, not the boot. */
static void take_along(const char *at, const char *from_root, const char *to_root)
{
	char from[LB_PATH_MAX], to[LB_PATH_MAX];

	(void)snprintf(from, sizeof(from), "%s%s", from_root, at);
	(void)snprintf(to, sizeof(to), "%s%s", to_root, at);
	/* EINVAL: nothing is mounted there */
	if (mount(from, to, NULL, MS_MOVE, NULL) < 0 && errno != EINVAL)
		log_warn("%s cannot be taken along into the new root: %s", at, strerror(errno));
}

static void take_basic_along(const char *from_root, const char *to_root)
{
	for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++)
		if (strcmp(basic[i].at, "/dev/pts") != 0) /* travels with /dev */
			take_along(basic[i].at, from_root, to_root);
}

int lb_switch_root(const char *new_root)
{
	int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (old < 0 || fstat(old, &st) < 0 || chdir(new_root) < 0) {
		int rc = lb_err_from_errno(errno);

		if (old >= 0)
			(void)close(old);
		return rc;
	}
	take_basic_along("", new_root);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) {
		int rc = lb_err_from_errno(errno);

		take_basic_along(new_root, "");
		if (chdir("/") < 0)
			log_debug("no way back to /");
		(void)close(old);
		return rc;
	}
	empty_dir(old, st.st_dev); /* closes old */
	return 0;
}

int lb_pivot_root(const char *new_root, const char *old_below)
{
	char old[LB_PATH_MAX];

	(void)snprintf(old, sizeof(old), "%s%s", new_root, old_below);
	if (syscall(SYS_pivot_root, new_root, old) < 0 || chdir("/") < 0)
		return lb_err_from_errno(errno);
	take_basic_along(old_below, "");
	take_along("/overlay", old_below, "");
	return 0;
}
