#include "plat/linux/disk/drives.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/files/files.h"

#define MEMBERS_MAX 64 /* partitions of a disk, and what was made of them */
#define DRIVES_MAX  64
#define DEV_MAX	    16 /* "259:12" */

const struct lb_drive_roots lb_drive_roots = {.devices = {.sys = "/sys", .dev = "/dev"},
					      .proc = "/proc"};

/* A disk and all that lies on it: what is mounted has one of these numbers. */
struct members {
	char dev[MEMBERS_MAX][DEV_MAX];
	char name[MEMBERS_MAX][LB_NAME_MAX];
	size_t count;
};

static bool path_of(char out[LB_PATH_MAX], const char *name, const char *file,
		    const struct lb_drive_roots *roots)
{
	return snprintf(out, LB_PATH_MAX, "%s/class/block/%s/%s", roots->devices.sys, name, file) <
	       LB_PATH_MAX;
}

/* "" when there is no such file. */
static void read_text(char *out, size_t size, const char *name, const char *file,
		      const struct lb_drive_roots *roots)
{
	char path[LB_PATH_MAX];
	int n = path_of(path, name, file, roots) ? lb_file_read(path, out, size) : LB_E(RANGE);

	if (n < 0)
		n = 0;
	while (n > 0 && isspace((unsigned char)out[n - 1]))
		n--;
	out[n] = '\0';
	for (int i = 0; i < n; i++)
		if (!isprint((unsigned char)out[i]))
			out[i] = '?';
}

static bool exists(const char *name, const char *file, const struct lb_drive_roots *roots)
{
	char path[LB_PATH_MAX];

	return path_of(path, name, file, roots) && access(path, F_OK) == 0;
}

static int add_member(struct members *m, const char *name, const struct lb_drive_roots *roots)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->name[i], name) == 0)
			return 0;
	if (m->count == MEMBERS_MAX || strlen(name) >= LB_NAME_MAX)
		return LB_E(NOSPC);
	read_text(m->dev[m->count], DEV_MAX, name, "dev", roots);
	(void)strcpy(m->name[m->count++], name);
	return 0;
}

/* Names in a folder of a device: all, or those that are its partitions. */
static int add_names(struct members *m, const char *of, const char *folder, bool partitions,
		     const struct lb_drive_roots *roots)
{
	char path[LB_PATH_MAX];
	int rc = 0;

	if (!path_of(path, of, folder, roots))
		return LB_E(RANGE);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : LB_E(IO);
	for (const struct dirent *e; rc == 0 && (e = readdir(dir));) {
		char mark[LB_PATH_MAX];

		if (e->d_name[0] == '.')
			continue;
		if (partitions && (snprintf(mark, sizeof(mark), "%s/%s/partition", path,
					    e->d_name) >= (int)sizeof(mark) ||
				   access(mark, F_OK) < 0))
			continue;
		rc = add_member(m, e->d_name, roots);
	}
	return rc;
}

/* Volumes, encrypted or of several disks, are "holders" of what they lie on, and may be layered. */
static int find_members(struct members *m, const char *disk, const struct lb_drive_roots *roots)
{
	int rc = add_member(m, disk, roots);

	if (rc == 0)
		rc = add_names(m, disk, ".", true, roots);
	for (size_t i = 0; rc == 0 && i < m->count; i++)
		rc = add_names(m, m->name[i], "holders", false, roots);
	return rc;
}

static bool has_dev(const struct members *m, const char *dev)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->dev[i], dev) == 0)
			return true;
	return false;
}

/* btrfs has no device of its own in the list of mounts: then the source tells. */
static bool has_node(const struct members *m, const char *node)
{
	const char *slash = strrchr(node, '/');
	char dev[32];
	struct stat st;

	if (!slash)
		return false;
	if (stat(node, &st) == 0 && S_ISBLK(st.st_mode)) {
		(void)snprintf(dev, sizeof(dev), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
		return has_dev(m, dev);
	}
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->name[i], slash + 1) == 0)
			return true;
	return false;
}

static bool is_system(const char *where)
{
	static const char *const places[] = {"/",    "/boot", "/boot/efi", "/efi",
					     "/usr", "/var",  "/rom",	   "/overlay"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(where, places[i]) == 0)
			return true;
	return false;
}

/* The kernel writes a blank as \040, and a few others likewise. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		unsigned code;

		if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
			*to++ = (char)code;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static void note_use(struct lb_drive *d, const char *what, bool system)
{
	if (!d->used_for[0] || (system && !d->runs_system))
		(void)snprintf(d->used_for, sizeof(d->used_for), "%s", what);
	d->runs_system = d->runs_system || system;
}

static int find_mounts(struct lb_drive *d, const struct members *m, const char *proc)
{
	char path[LB_PATH_MAX];
	size_t size = 0;

	if (snprintf(path, sizeof(path), "%s/self/mountinfo", proc) >= (int)sizeof(path))
		return LB_E(RANGE);
	CLEANUP(lb_file_closep) FILE *f = fopen(path, "re");
	CLEANUP(lb_freep) char *line = NULL;
	if (!f)
		return lb_err_from_errno(errno);
	while (getline(&line, &size, f) > 0) {
		char dev[DEV_MAX], where[LB_PATH_MAX], source[LB_PATH_MAX] = "";
		const char *separator = strstr(line, " - ");

		if (sscanf(line, "%*u %*u %15s %*s %255s", dev, where) != 2)
			return LB_E(FORMAT);
		if (separator)
			(void)sscanf(separator + 3, "%*s %255s", source);
		unescape(where);
		if (has_dev(m, dev) || has_node(m, source))
			note_use(d, where, is_system(where));
	}
	return 0;
}

static int find_swap(struct lb_drive *d, const struct members *m, const char *proc)
{
	char path[LB_PATH_MAX];
	size_t size = 0;

	if (snprintf(path, sizeof(path), "%s/swaps", proc) >= (int)sizeof(path))
		return LB_E(RANGE);
	CLEANUP(lb_file_closep) FILE *f = fopen(path, "re");
	CLEANUP(lb_freep) char *line = NULL;
	if (!f)
		return errno == ENOENT ? 0 : lb_err_from_errno(errno);
	while (getline(&line, &size, f) > 0) {
		char node[LB_PATH_MAX];

		if (sscanf(line, "%255s", node) == 1 && has_node(m, node))
			note_use(d, "swap", true);
	}
	return 0;
}

/* A reader that is built in says "fixed" of its cards, and so do disks on USB. */
static bool is_removable(const char *name, const struct lb_drive_roots *roots)
{
	char path[LB_PATH_MAX], target[1024], text[16];
	ssize_t n;

	read_text(text, sizeof(text), name, "removable", roots);
	if (strcmp(text, "1") == 0)
		return true;
	read_text(text, sizeof(text), name, "device/type", roots);
	if (strcmp(text, "SD") == 0)
		return true;
	if (!path_of(path, name, ".", roots))
		return false;
	path[strlen(path) - 2] = '\0'; /* the link itself */
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return strstr(target, "/usb") != NULL;
}

static void read_model(struct lb_drive *d, const struct lb_drive_roots *roots)
{
	char vendor[LB_NAME_MAX], model[LB_NAME_MAX];

	read_text(vendor, sizeof(vendor), d->name, "device/vendor", roots);
	read_text(model, sizeof(model), d->name, "device/model", roots);
	if (!model[0])
		read_text(model, sizeof(model), d->name, "device/name", roots); /* of a card */
	/* What a controller that is no maker writes there is only a number. */
	if (strncmp(vendor, "0x", 2) == 0 || strcmp(vendor, "ATA") == 0)
		vendor[0] = '\0';
	(void)snprintf(d->model, sizeof(d->model), "%.30s%s%.30s", vendor,
		       vendor[0] && model[0] ? " " : "", model);
}

int lb_drive_look(struct lb_drive *out, const char *name, const struct lb_drive_roots *roots)
{
	struct lb_drive d = {0};
	struct members m = {.count = 0};
	struct lb_disk disk;
	char text[32];
	int rc = lb_disk_of(name, &disk, &roots->devices);

	if (rc == 0)
		rc = find_members(&m, disk.name, roots);
	if (rc < 0)
		return rc;
	(void)strcpy(d.name, disk.name);
	(void)strcpy(d.node, disk.node);
	d.size_bytes = disk.size_bytes;
	read_text(text, sizeof(text), name, "queue/logical_block_size", roots);
	d.sector_bytes = (uint32_t)strtoul(text, NULL, 10);
	if (d.sector_bytes == 0)
		d.sector_bytes = 512;
	read_text(text, sizeof(text), name, "ro", roots);
	d.readonly = strcmp(text, "1") == 0;
	d.hardware = exists(name, "device", roots);
	d.removable = is_removable(name, roots);
	read_model(&d, roots);
	rc = find_mounts(&d, &m, roots->proc);
	if (rc == 0)
		rc = find_swap(&d, &m, roots->proc);
	if (rc == 0)
		*out = d;
	return rc;
}

int lb_drive_of_node(const char *node, char disk[LB_NAME_MAX], char device[LB_NAME_MAX],
		     const struct lb_drive_roots *roots)
{
	char path[LB_PATH_MAX], target[1024];
	const char *name;
	struct lb_disk found;
	struct stat st;
	ssize_t n;
	int rc;

	if (stat(node, &st) < 0)
		return lb_err_from_errno(errno);
	if (!S_ISBLK(st.st_mode))
		return LB_E(FORMAT);
	/* By its number: the node may have any name. */
	(void)snprintf(path, sizeof(path), "%.200s/dev/block/%u:%u", roots->devices.sys,
		       major(st.st_rdev), minor(st.st_rdev));
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return lb_err_from_errno(errno);
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= LB_NAME_MAX)
		return LB_E(RANGE);
	rc = lb_disk_of(name, &found, &roots->devices);
	if (rc < 0)
		return rc;
	(void)strcpy(device, name);
	(void)strcpy(disk, found.name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const char *left = a, *right = b;
	const size_t n = strlen(left), m = strlen(right);

	/* sdaa comes after sdz */
	return n != m ? (n < m ? -1 : 1) : strcmp(left, right);
}

int lb_drives_each(lb_drive_fn *each, void *ctx, const struct lb_drive_roots *roots)
{
	char path[LB_PATH_MAX], names[DRIVES_MAX][LB_NAME_MAX];
	size_t count = 0;
	int rc = 0, ended = 0;

	if (snprintf(path, sizeof(path), "%s/class/block", roots->devices.sys) >= (int)sizeof(path))
		return LB_E(RANGE);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(path);
	if (!dir)
		return lb_err_from_errno(errno);
	for (const struct dirent *e; count < DRIVES_MAX && (e = readdir(dir));) {
		if (e->d_name[0] == '.' || strlen(e->d_name) >= LB_NAME_MAX ||
		    exists(e->d_name, "partition", roots) || !exists(e->d_name, "device", roots))
			continue;
		(void)strcpy(names[count++], e->d_name);
	}
	qsort(names, count, sizeof(names[0]), by_name);
	for (size_t i = 0; ended == 0 && i < count; i++) {
		struct lb_drive d;
		const int looked = lb_drive_look(&d, names[i], roots);

		/* One that is pulled out while we look is no failure. */
		if (looked < 0 && looked != LB_E(NOENT))
			rc = looked;
		if (looked == 0)
			ended = each(ctx, &d);
	}
	return ended ? ended : rc;
}
