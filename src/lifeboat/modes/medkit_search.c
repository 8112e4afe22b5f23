#include "lifeboat/modes/medkit_search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/medkit.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/status_file.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/drives.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/spool.h"
#include "plat/linux/storage/overlaydev.h"
#include "store/board_card.h"

#define MOUNTED LB_RUN_DIR "/medkit"
#define IN_RAM	LB_RUN_DIR "/medkit-in-ram"

static const char *const beside[] = {".md5", ".sha256", ".sig"};

static bool is_known(const char *fs)
{
	static const char *const known[] = {"ext4", "ext3", "ext2", "btrfs", "vfat", "exfat"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(fs, known[i]) == 0)
			return true;
	return false;
}

static int mount_for_reading(const char *node, const char *fs)
{
	const unsigned long flags =
		MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_SILENT;
	const bool has_subvolumes = strcmp(fs, "btrfs") == 0;
	int rc = lb_dir_make(MOUNTED, 0700);

	if (rc == 0 && mount(node, MOUNTED, fs, flags, has_subvolumes ? "subvolid=5" : NULL) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

void lb_medkit_leave(void)
{
	(void)umount2(MOUNTED, 0);
}

static bool is_boards(const struct lb_board *b, const char *name)
{
	if (strcmp(name, b->id) == 0)
		return true;
	for (size_t i = 0; i < b->image_name_count; i++)
		if (strcmp(name, b->image_names[i]) == 0)
			return true;
	return false;
}

static bool is_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void consider(struct lb_medkit_search *s, const struct lb_medkit_place *where, int dir,
		     const char *name)
{
	struct lb_medkit_name parsed;
	struct lb_medkit_place *p = &s->found[s->count];

	if (lb_medkit_name_parse(&parsed, name) < 0 || !is_file(dir, name))
		return;
	if (!is_boards(s->board, parsed.board)) {
		(void)snprintf(s->other, sizeof(s->other), "%s", name);
		return;
	}
	if (s->count == LB_MEDKITS_MAX)
		return;
	*p = *where;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	s->count++;
}

static void look_into(struct lb_medkit_search *s, const struct lb_medkit_place *where,
		      const char *path)
{
	CLEANUP(lb_dir_closep) DIR *dir = opendir(path);

	if (!dir)
		return;
	for (const struct dirent *e; (e = readdir(dir));)
		consider(s, where, dirfd(dir), e->d_name);
}

static bool root_folder(const struct lb_medkit_search *s, char path[LB_PATH_MAX])
{
	return s->board->subvolume[0] &&
	       snprintf(path, LB_PATH_MAX, MOUNTED "/%s", s->board->subvolume) < LB_PATH_MAX;
}

static bool is_on_card(const struct lb_medkit_search *s, const char *node)
{
	struct lb_disk disk;

	if (s->card[0])
		return lb_disk_is_same(node, s->card);
	return lb_board_card_number(s->board, s->root) > 0 &&
	       lb_disk_of(node, &disk, &lb_blockdev_roots) == 0 &&
	       lb_disk_is_same(disk.node, s->board->card_device);
}

static void look_at(struct lb_medkit_search *s, const char *node)
{
	struct lb_medkit_place where = {0};
	char root[LB_PATH_MAX], fs[32];
	int rc = lb_disk_type(node, fs, sizeof(fs));

	if (rc < 0 || !is_known(fs) ||
	    (size_t)snprintf(where.fs, sizeof(where.fs), "%s", fs) >= sizeof(where.fs))
		return;
	(void)snprintf(where.node, sizeof(where.node), "%s", node);
	where.on_card = is_on_card(s, node);
	rc = mount_for_reading(node, fs);
	if (rc < 0) {
		log_debug("%s cannot be looked at for a medkit: its %s %s", node, fs,
			  lb_strerror(rc));
		return;
	}
	look_into(s, &where, MOUNTED);
	where.in_root = true;
	if (where.on_card && strcmp(fs, "btrfs") == 0 && root_folder(s, root))
		look_into(s, &where, root);
	lb_medkit_leave();
}

static int look_at_partition(void *ctx, const struct lb_partition *p)
{
	look_at(ctx, p->node);
	return 0;
}

static int look_at_drive(struct lb_medkit_search *s, const struct lb_drive *d, bool removable)
{
	struct lb_disk disk;

	if (!d->hardware || !d->size_bytes || d->used_for[0] || d->removable != removable)
		return 0;
	look_at(s, d->node);
	if (lb_disk_of(d->node, &disk, &lb_blockdev_roots) < 0 ||
	    lb_disk_partitions(&disk, look_at_partition, s, &lb_blockdev_roots) < 0)
		log_debug("not all of %s was looked at for a medkit", d->node);
	return 0; /* another disk may have one */
}

static int look_at_removable(void *ctx, const struct lb_drive *d)
{
	return look_at_drive(ctx, d, true);
}

static int look_at_fixed(void *ctx, const struct lb_drive *d)
{
	return look_at_drive(ctx, d, false);
}

void lb_medkit_look(struct lb_medkit_search *s)
{
	int removable, fixed;

	s->count = 0;
	s->other[0] = '\0';
	if (!lb_disk_is_there(s->root, s->card))
		s->card[0] = '\0';
	removable = lb_drives_each(look_at_removable, s, &lb_drive_roots);
	fixed = lb_drives_each(look_at_fixed, s, &lb_drive_roots);
	if (removable < 0 || fixed < 0)
		log_debug("not all disks were looked at for a medkit");
}

int lb_medkit_enter(const struct lb_medkit_search *s, const struct lb_medkit_place *place,
		    char folder[LB_PATH_MAX])
{
	(void)snprintf(folder, LB_PATH_MAX, MOUNTED);
	if (place->in_root && !root_folder(s, folder))
		return LB_E(RANGE);
	return mount_for_reading(place->node, place->fs);
}

/* --- into RAM */

static uint64_t room_in_ram(void)
{
	const uint64_t free_bytes = lb_spool_room();
	struct statvfs v;
	uint64_t here;

	if (statvfs(IN_RAM, &v) < 0)
		return 0;
	here = (uint64_t)v.f_bavail * v.f_frsize;
	return free_bytes < here ? free_bytes : here;
}

static int copy_all(int from, int to, uint64_t size_bytes)
{
	while (size_bytes > 0) {
		const size_t piece = size_bytes < (1u << 20) ? (size_t)size_bytes : 1u << 20;
		const ssize_t n = sendfile(to, from, NULL, piece);

		if (n < 0)
			return lb_err_from_errno(errno);
		if (n == 0)
			return LB_E(TRUNC);
		size_bytes -= (uint64_t)n;
	}
	return 0;
}

/* LB_E(NOENT) when there is no such file. */
static int copy(const char *folder, const char *name, const char *suffix, uint64_t *size_bytes,
		uint64_t *room_bytes)
{
	char from[2 * LB_PATH_MAX], to[2 * LB_PATH_MAX];
	CLEANUP(lb_fd_closep) int in = -1;
	CLEANUP(lb_fd_closep) int out = -1;
	struct stat st;

	(void)snprintf(from, sizeof(from), "%s/%s%s", folder, name, suffix);
	(void)snprintf(to, sizeof(to), IN_RAM "/%s%s", name, suffix);
	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &st) < 0)
		return lb_err_from_errno(errno);
	*size_bytes = (uint64_t)st.st_size;
	*room_bytes = room_in_ram();
	if (*size_bytes > *room_bytes)
		return LB_E(NOSPC);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return out < 0 ? lb_err_from_errno(errno) : copy_all(in, out, *size_bytes);
}

int lb_medkit_to_ram(const struct lb_medkit_place *place, char folder[LB_PATH_MAX],
		     uint64_t *size_bytes, uint64_t *room_bytes)
{
	int rc = lb_dir_make(IN_RAM, 0700);

	if (rc == 0)
		rc = copy(folder, place->name, "", size_bytes, room_bytes);
	for (size_t i = 0; rc == 0 && i < sizeof(beside) / sizeof(beside[0]); i++) {
		uint64_t size, room;

		rc = copy(folder, place->name, beside[i], &size, &room);
		if (rc == LB_E(NOENT))
			rc = 0;
	}
	lb_medkit_leave();
	if (rc == 0)
		(void)snprintf(folder, LB_PATH_MAX, IN_RAM);
	return rc;
}
