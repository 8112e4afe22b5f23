#include "plat/linux/storage/ram_root.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/fsimage.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/files/tree.h"
#include "plat/linux/storage/live_root.h"
#include "plat/linux/storage/overlaydev.h"

#define SPARE_BYTES  (12ull << 20) /* the installer takes 8 MiB, mkfs 3 */
#define ROOT_IMAGE   LB_RAM_DIR "/root.img"
#define PIECE_BYTES  65536
#define SECTOR_BYTES 4096
#define OLD_BELOW    "/mnt" /* where the new root takes the old one for a moment */
#define MOUNTS_MAX   128

struct rom {
	char disk[LB_PATH_MAX];
	uint64_t bytes;
};

/* --- making it */

static int refuse(char *why, int rc, const char *what)
{
	(void)snprintf(why, LB_SENTENCE_MAX, "no root in RAM: %.150s %s", what, lb_strerror(rc));
	return rc;
}

static int read_head(int fd, struct lb_rootfs *found)
{
	static uint8_t head[LB_FSIMAGE_HEAD_BYTES];
	int rc = lb_fd_pread(fd, head, sizeof(head), 0);

	return rc < 0 ? rc : lb_fsimage_parse(found, head, sizeof(head));
}

/* "/rom" below an overlay, else "/". */
static int find_rom(struct rom *rom, char *why)
{
	CLEANUP(lb_fd_closep) int fd = -1;
	struct lb_rootfs found;
	struct lb_mount m;
	int rc = lb_mount_at(&m, "/");

	if (rc == 0 && strcmp(m.fs, "overlay") == 0)
		rc = lb_mount_at(&m, "/rom");
	if (rc == 0)
		rc = lb_disk_by_number(m.major, m.minor, rom->disk);
	if (rc < 0)
		return refuse(why, rc, "the device of the root");
	fd = open(rom->disk, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse(why, lb_err_from_errno(errno), rom->disk);
	rc = read_head(fd, &found);
	if (rc == LB_E(IO))
		return refuse(why, rc, rom->disk);
	if (rc < 0 || (strcmp(found.fs, "squashfs") != 0 && strcmp(found.fs, "erofs") != 0)) {
		(void)snprintf(
			why, LB_SENTENCE_MAX,
			"the root on %.100s is no squashfs or EROFS and cannot be replaced while it "
			"runs: put the image on a stick",
			rom->disk);
		return LB_E(UNSUP);
	}
	/* A loop device has whole sectors only: the last, begun one would be missing. */
	rom->bytes = (found.length_bytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
	return 0;
}

static uint64_t available_bytes(void)
{
	CLEANUP(lb_file_closep) FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			return kib << 10;
	return 0;
}

static int check_room(uint64_t need_bytes, char *why)
{
	uint64_t have_bytes = available_bytes();

	need_bytes += SPARE_BYTES;
	if (have_bytes >= need_bytes)
		return 0;
	(void)snprintf(
		why, LB_SENTENCE_MAX,
		"not enough RAM for an upgrade: %" PRIu64 " MiB are free, %" PRIu64
		" MiB are needed; put the image on a USB stick and start the upgrade from there",
		have_bytes >> 20, (need_bytes >> 20) + 1);
	return LB_E(NOSPC);
}

static int copy_bytes(int from, int to, uint64_t bytes)
{
	static char piece[PIECE_BYTES];
	uint64_t at = 0;

	while (at < bytes) {
		size_t want = bytes - at < sizeof(piece) ? (size_t)(bytes - at) : sizeof(piece);
		ssize_t n = read(from, piece, want);

		if (n < 0 || (n > 0 && write(to, piece, (size_t)n) != n))
			return lb_err_from_errno(errno);
		if (n == 0)
			return bytes == UINT64_MAX ? 0 : LB_E(TRUNC);
		at += (uint64_t)n;
		/* What was read once and is in RAM now need not be there twice. */
		(void)posix_fadvise(from, (off_t)(at - (uint64_t)n), n, POSIX_FADV_DONTNEED);
	}
	return 0;
}

static int copy_file(const char *from, const char *to, uint64_t bytes, mode_t mode)
{
	CLEANUP(lb_fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep)
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

	if (in < 0 || out < 0)
		return lb_err_from_errno(errno);
	return copy_bytes(in, out, bytes);
}

static int mount_copy(char *why)
{
	char loop[LB_PATH_MAX];
	struct lb_rootfs found;
	CLEANUP(lb_fd_closep) int image = open(ROOT_IMAGE, O_RDONLY | O_CLOEXEC);
	int rc = image < 0 ? lb_err_from_errno(errno) : read_head(image, &found);

	if (rc < 0)
		return refuse(why, rc, ROOT_IMAGE);
	CLEANUP(lb_fd_closep) int fd = lb_loop_attach(image, 0, 0, true, loop);
	if (fd < 0)
		return refuse(why, fd, "a loop device");
	if (mkdir(LB_RAM_ROOT, 0755) < 0 ||
	    mount(loop, LB_RAM_ROOT, found.fs, MS_RDONLY | MS_NOATIME, NULL) < 0)
		return refuse(why, lb_err_from_errno(errno), LB_RAM_ROOT);
	return 0;
}

static int fill(const struct rom *rom, bool flat, char *why)
{
	int rc = copy_file("/proc/self/exe", LB_RAM_PROGRAM, UINT64_MAX, 0700);

	if (rc < 0)
		return refuse(why, rc, "the copy of this program");
	if (rom->bytes == 0)
		return 0;
	rc = copy_file(rom->disk, ROOT_IMAGE, rom->bytes, 0400);
	if (rc < 0)
		return refuse(why, rc, "the copy of the root");
	return flat ? 0 : mount_copy(why);
}

/* Programs are started from it. */
static int make_room_in_run(uint64_t bytes)
{
	struct statvfs s;
	char options[64] = ""; /* as it is */

	if (statvfs("/run", &s) < 0)
		return lb_err_from_errno(errno);
	if (s.f_blocks > 0 && (uint64_t)s.f_bavail * s.f_frsize < bytes)
		(void)snprintf(options, sizeof(options), "size=%" PRIu64,
			       (uint64_t)(s.f_blocks - s.f_bfree) * s.f_frsize + bytes);
	else if (!(s.f_flag & ST_NOEXEC))
		return 0;
	return mount("tmpfs", "/run", "tmpfs", MS_REMOUNT | MS_NOSUID | MS_NODEV, options) < 0
		       ? lb_err_from_errno(errno)
		       : 0;
}

static int make_dir(uint64_t bytes, bool flat)
{
	char options[64];
	int rc = lb_dir_make(LB_RAM_DIR, 0700);

	if (rc < 0 || flat)
		return rc < 0 ? rc : make_room_in_run(bytes);
	(void)snprintf(options, sizeof(options), "mode=0700,size=%" PRIu64, bytes);
	return mount("tmpfs", LB_RAM_DIR, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0
		       ? lb_err_from_errno(errno)
		       : 0;
}

int lb_ram_root_make(uint64_t more_bytes, bool flat, char why[LB_SENTENCE_MAX])
{
	struct rom rom = {.bytes = 0};
	struct stat self;
	uint64_t bytes;
	int rc = lb_root_is_initramfs() ? 0 : find_rom(&rom, why);

	if (rc < 0)
		return rc;
	if (stat("/proc/self/exe", &self) < 0)
		return refuse(why, lb_err_from_errno(errno), "this program");
	bytes = rom.bytes + (uint64_t)self.st_size + more_bytes;
	rc = check_room(bytes, why);
	if (rc < 0)
		return rc;
	lb_ram_root_drop(); /* of an attempt that failed */
	rc = make_dir(bytes + (1 << 20), flat);
	if (rc < 0)
		return refuse(why, rc, LB_RAM_DIR);
	rc = fill(&rom, flat, why);
	if (rc < 0)
		lb_ram_root_drop();
	return rc;
}

void lb_ram_root_drop(void)
{
	struct lb_tree_count deleted;

	(void)umount2(LB_RAM_ROOT, MNT_DETACH);
	if (umount2(LB_RAM_DIR, MNT_DETACH) < 0)
		(void)!lb_tree_delete(LB_RAM_DIR, NULL, &deleted);
	(void)rmdir(LB_RAM_DIR);
}

int lb_ram_root_copy(const char *from, const char *to)
{
	return copy_file(from, to, UINT64_MAX, 0600);
}

int lb_ram_root_put(const char *from, const char *name, char to[LB_PATH_MAX])
{
	char path[LB_PATH_MAX];
	int rc;

	if (snprintf(path, sizeof(path), "%s/%s", LB_RAM_DIR, name) >= (int)sizeof(path))
		return LB_E(RANGE);
	rc = copy_file(from, path, UINT64_MAX, 0600);
	if (rc == 0)
		memcpy(to, path, sizeof(path));
	return rc;
}

/* --- entering it */

static bool stays(const char *where)
{
	static const char *const exactly[] = {"/", "/run", "/tmp", LB_RAM_DIR};
	static const char *const below[] = {"/proc", "/sys", "/dev"};

	for (size_t i = 0; i < sizeof(exactly) / sizeof(exactly[0]); i++)
		if (strcmp(where, exactly[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		size_t n = strlen(below[i]);

		if (strncmp(where, below[i], n) == 0 && (where[n] == '/' || where[n] == '\0'))
			return true;
	}
	return false;
}

/* The last one that need not stay: what is mounted on another comes after it. */
static bool last_mount(char *where, size_t size, const char *but)
{
	CLEANUP(lb_file_closep) FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP(lb_freep) char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f && getline(&line, &room, f) > 0) {
		int start = 0, end = 0;

		(void)sscanf(line, "%*u %*u %*s %*s %n%*s%n", &start, &end);
		if (end <= start)
			continue;
		line[end] = '\0';
		if (stays(line + start) || strcmp(line + start, but) == 0)
			continue;
		(void)snprintf(where, size, "%s", line + start);
		found = true;
	}
	return found;
}

static int unmount_rest(char *why)
{
	char where[LB_PATH_MAX], busy[LB_PATH_MAX] = "";

	for (int i = 0; i < MOUNTS_MAX; i++) {
		if (!last_mount(where, sizeof(where), busy))
			break;
		if (umount2(where, 0) == 0)
			continue;
		/* Something inside may be what holds it. */
		memcpy(busy, where, sizeof(busy));
	}
	if (!busy[0])
		return 0;
	if (umount2(busy, 0) == 0)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX, "%.150s cannot be unmounted: %s", busy,
		       strerror(errno));
	return LB_E(BUSY);
}

int lb_ram_root_enter(char why[LB_SENTENCE_MAX])
{
	struct lb_mount m;
	int rc = 0;

	if (access(ROOT_IMAGE, F_OK) < 0) /* an initramfs is in RAM itself */
		return unmount_rest(why);
	/* systemd shares its mounts, and the kernel moves no shared one. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return refuse(why, lb_err_from_errno(errno), "the list of mounts");
	if (lb_mount_at(&m, LB_RAM_ROOT) < 0) { /* made flat */
		rc = unmount_rest(why);
		if (rc == 0)
			rc = mount_copy(why);
		if (rc < 0)
			return rc;
	}
	rc = lb_live_root_enter(LB_RAM_ROOT, OLD_BELOW);
	if (rc < 0)
		return refuse(why, rc, LB_RAM_ROOT);
	return unmount_rest(why);
}
