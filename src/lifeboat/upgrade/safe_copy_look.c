/* The rescue looks for the archive that an upgrade was cut off with, on disks and on flash. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/apart.h"
#include "lifeboat/upgrade/safe_copy.h"
#include "lifeboat/upgrade/upgrade_kept.h"
#include "plat/linux/files/files.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/safe_file.h"
#include "plat/linux/storage/volume.h"
#include "store/safe_copy.h"

#define UNNAMED	    LB_SAFE_FOUND ".new"
#define DIR	    "/run/lifeboat/settings"
#define PIECE_BYTES 65536

bool lb_safe_copy_is_noted(const struct lb_upgrade_record *r)
{
	uint64_t overlay_bytes;

	return lb_safe_place_parse(&overlay_bytes, r->settings, r->settings_len) == 0 &&
	       r->settings_hash_len == LB_SAFE_HASH_BYTES;
}

static int take(void *ctx, const void *data, size_t n)
{
	return write(*(int *)ctx, data, n) == (ssize_t)n ? 0 : LB_E(NOSPC);
}

static int open_unnamed(void)
{
	int fd = open(UNNAMED, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? lb_err_from_errno(errno) : fd;
}

/* What lies there is what was asked for last, whatever the record could still be told. */
static int look_behind_head(const char *disk)
{
	static struct lb_target target;
	struct plat_target plat;
	struct lb_safe_header h;
	char why[LB_SENTENCE_MAX];
	CLEANUP(lb_fd_closep) int out = open_unnamed();
	int rc = out < 0 ? out : lb_target_open(&target, &plat, disk, 0, why);

	if (rc < 0)
		return rc;
	rc = lb_safe_copy_find(&h, &plat, take, &out);
	lb_target_closep(&target);
	return rc;
}

static int copy(const char *from)
{
	static char piece[PIECE_BYTES];
	CLEANUP(lb_fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_fd_closep) int out = open_unnamed();
	ssize_t n;

	if (in < 0 || out < 0)
		return LB_E(IO);
	while ((n = read(in, piece, sizeof(piece))) > 0)
		if (take(&out, piece, (size_t)n) < 0)
			return LB_E(NOSPC);
	return n < 0 ? lb_err_from_errno(errno) : 0;
}

/* The old overlay has one name, the new one the other. */
static int look_in_dir(const struct lb_upgrade_record *r)
{
	static const char *const names[] = {DIR "/" LB_SAFE_FILE, DIR "/" LB_OVERLAY_ARCHIVE};
	uint8_t hash[LB_RECORD_HASH_BYTES];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (lb_upgrade_hash(names[i], hash) == 0 &&
		    memcmp(hash, r->settings_hash, sizeof(hash)) == 0)
			return copy(names[i]);
	return LB_E(NOENT);
}

static int look_in_overlay(const struct lb_upgrade_record *r, const char *disk)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
	struct lb_overlay_dev dev;
	uint64_t overlay_bytes;
	char fs[32];
	int rc = lb_safe_place_parse(&overlay_bytes, r->settings, r->settings_len);

	if (rc == 0)
		rc = lb_volume_open_at(&dev, disk, overlay_bytes, true);
	if (rc < 0)
		return rc;
	rc = lb_overlay_dev_type(&dev, fs, sizeof(fs));
	if (rc == 0)
		rc = lb_dir_make(DIR, 0700);
	if (rc == 0 && mount(dev.source, DIR, fs, flags, NULL) < 0)
		rc = lb_err_from_errno(errno);
	lb_fd_closep(&dev.fd);
	if (rc < 0)
		return rc;
	rc = look_in_dir(r);
	(void)umount2(DIR, 0);
	return rc;
}

struct work {
	const struct lb_upgrade_record *r;
	const char *disk;
};

/* In the child. */
static int look(void *ctx, char why[LB_SENTENCE_MAX])
{
	const struct work *w = ctx;
	int rc = lb_dir_make("/run/lifeboat", 0755);

	if (rc == 0 && look_behind_head(w->disk) < 0)
		rc = look_in_overlay(w->r, w->disk);
	if (rc == 0 && rename(UNNAMED, LB_SAFE_FOUND) < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0)
		(void)unlink(UNNAMED);
	return rc;
}

int lb_safe_copy_look(const struct lb_upgrade_record *r, const char *disk)
{
	struct work w = {.r = r, .disk = disk};
	char why[LB_SENTENCE_MAX];

	return lb_apart_run(look, &w, why);
}
