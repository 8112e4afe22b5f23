#include "plat/linux/storage/extrootdev.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/tree.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/overlayfs.h"

#define NOTE_NAME ".extroot" /* in the internal overlay */

static const char root_mark[] = ".extroot-uuid"; /* OpenWrt's */
static const char board_mark[] = ".extroot-board";

static void probe_freep(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

static void get_value(blkid_probe probe, const char *key, char out[LB_NAME_MAX])
{
	const char *value = "";

	if (blkid_probe_lookup_value(probe, key, &value, NULL) < 0 || strlen(value) >= LB_NAME_MAX)
		value = "";
	(void)strcpy(out, value);
}

/* What libblkid knows of it; nothing when there is no medium, no file system, or more than one. */
static void probe_device(struct lb_extroot_device *d)
{
	CLEANUP(probe_freep) blkid_probe probe = blkid_new_probe_from_filename(d->path);

	if (!probe || blkid_probe_enable_superblocks(probe, 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
							     BLKID_SUBLKS_LABEL) < 0 ||
	    blkid_do_safeprobe(probe) != 0)
		return;
	get_value(probe, "TYPE", d->fs);
	get_value(probe, "UUID", d->uuid);
	get_value(probe, "LABEL", d->label);
}

static bool is_no_stick(const char *name)
{
	static const char *const others[] = {"loop", "ram", "zram", "mtdblock", "ubiblock"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return true;
	return name[0] == '.';
}

int lb_extrootdev_find(struct lb_extroot_device *out, const struct lb_extroot_want *want,
		       const char *but, const struct lb_blockdev_roots *roots)
{
	char class_dir[LB_PATH_MAX];
	int found = 0;

	(void)snprintf(class_dir, sizeof(class_dir), "%s/class/block", roots->sys);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(class_dir);
	if (!dir)
		return LB_E(IO);
	for (const struct dirent *e; (e = readdir(dir));) {
		struct lb_extroot_device d = {0};

		if (is_no_stick(e->d_name) ||
		    snprintf(d.path, sizeof(d.path), "%s/%s", roots->dev, e->d_name) >=
			    (int)sizeof(d.path) ||
		    strcmp(d.path, but) == 0)
			continue;
		probe_device(&d);
		if (!lb_extroot_is_meant(want, &d))
			continue;
		if (found++ > 0)
			return LB_E(EXIST);
		*out = d;
	}
	return found ? 0 : LB_E(NOENT);
}

/* How each of them is told not to replay its journal, which would write. */
static const char *no_replay(const char *fs)
{
	if (strncmp(fs, "ext", 3) == 0)
		return strcmp(fs, "ext2") == 0 ? "" : "noload";
	return strcmp(fs, "btrfs") == 0 ? "rescue=nologreplay" : "norecovery";
}

int lb_extrootdev_peek(const struct lb_extroot_device *dev)
{
	int rc = lb_dir_make(LB_EXTROOT_DIR, 0700);

	if (rc < 0)
		return rc;
	lb_extrootdev_unmount();
	if (mount(dev->path, LB_EXTROOT_DIR, dev->fs, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  no_replay(dev->fs)) == 0)
		return 0;
	rc = lb_err_from_errno(errno);
	log_debug("%s cannot be looked at: %s", dev->path, strerror(errno));
	return rc;
}

void lb_extrootdev_unmount(void)
{
	while (umount2(LB_EXTROOT_DIR, MNT_DETACH) == 0)
		continue;
}

/* The first line of a mark. What else is there in its place cannot be ours. */
static void read_mark(int etc, const char *name, char out[LB_EXTROOT_MARK_MAX])
{
	CLEANUP(lb_fd_closep)
	int fd = openat(etc, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[LB_EXTROOT_MARK_MAX] = "";
	struct stat st;
	ssize_t n = -1;

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, sizeof(text) - 1);
	if (n >= 0 && (size_t)n < sizeof(text) - 1) {
		text[strcspn(text, "\r\n")] = '\0';
		(void)strcpy(out, text);
	} else
		(void)strcpy(out, "?");
}

void lb_extrootdev_marks_read(struct lb_extroot_marks *out, const char *dir)
{
	char path[LB_PATH_MAX];
	struct stat st;

	*out = (struct lb_extroot_marks){0};
	(void)snprintf(path, sizeof(path), "%s/etc", dir);
	CLEANUP(lb_fd_closep)
	int etc = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (etc < 0)
		return;
	out->bypass = fstatat(etc, ".extroot-default", &st, AT_SYMLINK_NOFOLLOW) == 0;
	read_mark(etc, root_mark, out->root);
	read_mark(etc, board_mark, out->board);
}

static int write_mark(const char *etc, const char *name, const char *text)
{
	char path[LB_PATH_MAX], line[LB_EXTROOT_MARK_MAX + 1];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	(void)snprintf(path, sizeof(path), "%s/%s", etc, name);
	return lb_file_replace(path, line, (size_t)n, 0644);
}

static int sync_dir(const char *dir)
{
	CLEANUP(lb_fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? lb_err_from_errno(errno) : 0;
}

int lb_extrootdev_marks_write(const char *dir, const struct lb_extroot_marks *marks)
{
	char etc[LB_PATH_MAX - 32];
	struct stat st;
	int rc;

	(void)snprintf(etc, sizeof(etc), "%s/etc", dir);
	if ((mkdir(etc, 0755) < 0 && errno != EEXIST) || lstat(etc, &st) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISDIR(st.st_mode)) /* a link might lead out of the stick */
		return LB_E(EXIST);
	rc = write_mark(etc, board_mark, marks->board);
	if (rc == 0)
		rc = write_mark(etc, root_mark, marks->root);
	return rc < 0 ? rc : sync_dir(dir);
}

bool lb_extrootdev_has_init(const char *dir, const char *init)
{
	CLEANUP(lb_fd_closep) int fd = lb_file_open_in_root(dir, init);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) &&
	       st.st_size > 0;
}

int lb_extrootdev_make_mount_points(const char *dir)
{
	static const char *const names[] = {"proc", "sys", "dev", "run", "tmp", "rom", "overlay"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[LB_PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return lb_err_from_errno(errno);
	}
	return 0;
}

int lb_extrootdev_check(const struct lb_extroot_device *dev)
{
	const char *const ext[] = {"e2fsck", "-y", dev->path, NULL};
	const char *const f2fs[] = {"fsck.f2fs", "-a", dev->path, NULL};
	bool is_ext = strncmp(dev->fs, "ext", 3) == 0;
	int rc;

	if (!is_ext && strcmp(dev->fs, "f2fs") != 0)
		return 0; /* the others mend themselves when they are mounted */
	rc = lb_program_run(is_ext ? ext : f2fs, true);
	/* e2fsck(8): 0 clean, 1 repaired, 2 repaired and a reboot is due, 4 and more not repaired.
	 */
	log_info("%s was checked: %s", dev->path,
		 rc < 0	   ? lb_strerror(rc)
		 : rc <= 2 ? "it can be used"
			   : "not repaired");
	return rc < 0 ? rc : rc <= 2 ? 0 : LB_E(CHILD);
}

static const struct {
	const char *name;
	unsigned long set, clear;
} flags[] = {
	{"nosuid", MS_NOSUID, 0},
	{"suid", 0, MS_NOSUID},
	{"nodev", MS_NODEV, 0},
	{"dev", 0, MS_NODEV},
	{"noexec", MS_NOEXEC, 0},
	{"exec", 0, MS_NOEXEC},
	{"noatime", MS_NOATIME, 0},
	{"atime", 0, MS_NOATIME},
	{"nodiratime", MS_NODIRATIME, 0},
	{"diratime", 0, MS_NODIRATIME},
	{"relatime", MS_RELATIME, 0},
	{"strictatime", MS_STRICTATIME, MS_NOATIME},
	{"lazytime", MS_LAZYTIME, 0},
	{"sync", MS_SYNCHRONOUS, 0},
	{"async", 0, MS_SYNCHRONOUS},
	{"dirsync", MS_DIRSYNC, 0},
	{"ro", 0, 0}, /* it would be no overlay */
	{"rw", 0, 0},
	{"defaults", 0, 0},
	{"auto", 0, 0}, /* these four are for mount(8) */
	{"noauto", 0, 0},
	{"user", 0, 0},
	{"nouser", 0, 0},
};

/* What mount(2) wants as a flag is no text for the file system. */
static bool take_flag(const char *word, unsigned long *out)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(word, flags[i].name) == 0) {
			*out = (*out & ~flags[i].clear) | flags[i].set;
			return true;
		}
	return false;
}

int lb_extrootdev_mount(const struct lb_extroot_device *dev, const char *at, const char *options)
{
	char words[LB_PATH_MAX], data[LB_PATH_MAX] = "";
	unsigned long set = MS_NOATIME;
	char *rest = words;

	(void)snprintf(words, sizeof(words), "%s", options);
	for (const char *word; (word = strsep(&rest, ","));)
		if (*word && !take_flag(word, &set)) {
			size_t used = strlen(data);

			(void)snprintf(data + used, sizeof(data) - used, "%s%s", used ? "," : "",
				       word);
		}
	if (mount(dev->path, at, dev->fs, set, data) == 0)
		return 0;
	log_warn("%s (%s) cannot be mounted: %s", dev->path, dev->fs, strerror(errno));
	return errno == EROFS || errno == EACCES ? LB_E(AUTH) : lb_err_from_errno(errno);
}

int lb_extrootdev_note(const char *internal_dir, const char *uuid)
{
	char path[LB_PATH_MAX], old[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" NOTE_NAME, internal_dir);
	if (lb_file_read(path, old, sizeof(old)) >= 0 && strcmp(old, uuid) == 0)
		return 0; /* flash is not written to at every boot */
	int rc = lb_file_replace(path, uuid, strlen(uuid), 0644);
	return rc < 0 ? rc : sync_dir(internal_dir);
}

static int do_state_read(void *ctx)
{
	const struct lb_extrootdev *e = ctx;

	return lb_overlayfs_state_read(e->dir);
}

static int do_state_write(void *ctx, enum lb_fs_state state)
{
	const struct lb_extrootdev *e = ctx;
	char path[LB_PATH_MAX];

	if (state != LB_FS_STATE_UNKNOWN)
		return lb_overlayfs_state_write(e->dir, state);
	(void)snprintf(path, sizeof(path), "%s/.fs_state", e->dir);
	if (unlink(path) < 0 && errno != ENOENT)
		return lb_err_from_errno(errno);
	return sync_dir(e->dir);
}

static int delete_marks(const char *dir)
{
	static const char *const names[] = {root_mark, board_mark};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[LB_PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/etc/%s", dir, names[i]);
		if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
			return lb_err_from_errno(errno);
	}
	return 0;
}

static int do_remove(void *ctx, uint64_t *entries)
{
	static const char *const parts[] = {"upper", "work"};
	const struct lb_extrootdev *e = ctx;
	int first = 0, rc;

	*entries = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct lb_tree_count count = {0};
		char path[LB_PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", e->dir, parts[i]);
		rc = lb_tree_delete(path, NULL, &count);
		*entries += count.entries;
		if (first == 0 && rc != LB_E(NOENT))
			first = rc;
	}
	rc = delete_marks(e->dir);
	if (rc == 0)
		rc = sync_dir(e->dir);
	return first < 0 ? first : rc;
}

static int do_internal_knows(void *ctx)
{
	const struct lb_extrootdev *e = ctx;
	char path[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" NOTE_NAME, e->internal);
	return access(path, F_OK) == 0 ? 1 : errno == ENOENT ? 0 : lb_err_from_errno(errno);
}

/* From its state on it happens: the next boot finishes what is cut here. */
static int do_reset_internal(void *ctx)
{
	const struct lb_extrootdev *e = ctx;
	uint64_t entries;
	int rc = lb_overlayfs_state_write(e->internal, LB_FS_STATE_RESET_ALL);

	if (rc < 0)
		return rc;
	if (lb_overlayfs_remove(e->internal, false, &entries) < 0 ||
	    lb_overlayfs_state_write(e->internal, LB_FS_STATE_PENDING) < 0)
		log_warn("the internal overlay is not all deleted: the next boot finishes it");
	return 0;
}

struct plat_extroot lb_extrootdev_plat(struct lb_extrootdev *e)
{
	return (struct plat_extroot){
		.ctx = e,
		.state_read = do_state_read,
		.state_write = do_state_write,
		.remove = do_remove,
		.internal_knows = do_internal_knows,
		.reset_internal = do_reset_internal,
	};
}
