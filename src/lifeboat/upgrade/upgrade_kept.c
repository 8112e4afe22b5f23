#include "lifeboat/upgrade/upgrade_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plan/extroot.h"
#include "plan/place.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/storage/extrootdev.h"
#include "plat/linux/storage/overlaydev.h"

#define WAIT_FOR_STICK_MS 10000 /* as for the root: a USB disk needs 2 to 5 s */
#define LOOK_EVERY_MS	  50
#define PIECE_BYTES	  65536

_Static_assert(LB_RECORD_HASH_BYTES == crypto_hash_sha256_BYTES, "the size of a SHA-256");

int lb_upgrade_hash(const char *path, uint8_t hash[LB_RECORD_HASH_BYTES])
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	static uint8_t piece[PIECE_BYTES];
	crypto_hash_sha256_state state;
	ssize_t n;

	if (fd < 0)
		return lb_err_from_errno(errno);
	crypto_hash_sha256_init(&state);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		crypto_hash_sha256_update(&state, piece, (unsigned long long)n);
	if (n < 0)
		return lb_err_from_errno(errno);
	crypto_hash_sha256_final(&state, hash);
	return 0;
}

/* --- naming a place */

static struct lb_extroot_want want_of(const char *device)
{
	struct lb_extroot_want w = {.uuid = ""};

	if (strncmp(device, "UUID=", 5) == 0)
		(void)snprintf(w.uuid, sizeof(w.uuid), "%.*s", (int)sizeof(w.uuid) - 1, device + 5);
	return w;
}

int lb_upgrade_place_find(const char *place, char node[LB_PATH_MAX])
{
	struct lb_extroot_device found;
	char device[LB_PATH_MAX];
	struct lb_extroot_want want;
	int rc;

	(void)lb_place_split(place, device);
	want = want_of(device);
	if (!want.uuid[0])
		return lb_blockdev_find(device, node, &lb_blockdev_roots);
	rc = lb_extrootdev_find(&found, &want, "", &lb_blockdev_roots);
	if (rc == 0)
		memcpy(node, found.path, sizeof(found.path));
	return rc;
}

/* The path on its own file system. */
static int path_below(const char *file, const char *mounted_at, char out[LB_PATH_MAX])
{
	size_t n = strlen(mounted_at);
	char *real = realpath(file, NULL);
	int rc = LB_E(UNSUP);

	if (strcmp(mounted_at, "/") != 0 && real && strncmp(real, mounted_at, n) == 0 &&
	    real[n] == '/' && strlen(real + n) < LB_PATH_MAX) {
		(void)snprintf(out, LB_PATH_MAX, "%s", real + n);
		rc = 0;
	}
	free(real);
	return rc;
}

int lb_upgrade_place_of(const char *file, const char *root_disk, char place[LB_PATH_MAX])
{
	struct lb_extroot_want want = {.uuid = ""};
	char where[LB_PATH_MAX], below[LB_PATH_MAX], found[LB_PATH_MAX];
	struct lb_extroot_device dev;
	struct stat st;
	int n;

	if (stat(file, &st) < 0)
		return lb_err_from_errno(errno);
	/* Loop devices, RAM disks and the overlay are not looked for: what is in front of the root
	 * goes with it. */
	if (lb_disk_by_number(major(st.st_dev), minor(st.st_dev), want.device) < 0 ||
	    lb_mount_of(major(st.st_dev), minor(st.st_dev), where) < 0 ||
	    path_below(file, where, below) < 0 ||
	    lb_extrootdev_find(&dev, &want, root_disk, &lb_blockdev_roots) < 0 || !dev.uuid[0])
		return LB_E(UNSUP);
	n = snprintf(place, LB_PATH_MAX, "UUID=%.63s:%s", dev.uuid, below);
	if (n < 0 || n >= LB_PATH_MAX)
		return LB_E(UNSUP);
	return lb_upgrade_place_find(place, found) == 0 && strcmp(found, dev.path) == 0
		       ? 0
		       : LB_E(UNSUP);
}

/* --- using it */

static void text_of(char out[LB_PATH_MAX], const char *text, size_t n)
{
	(void)snprintf(out, LB_PATH_MAX, "%.*s", (int)n, text);
}

static int wait_for(const char *place, char node[LB_PATH_MAX])
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	uint64_t until_ms = lb_monotonic_ms() + WAIT_FOR_STICK_MS;
	int rc;

	while ((rc = lb_upgrade_place_find(place, node)) < 0 && lb_monotonic_ms() < until_ms)
		(void)nanosleep(&pause, NULL);
	return rc;
}

static int mount_stick(const char *node)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
	char fs[32];
	int rc = lb_disk_type(node, fs, sizeof(fs));

	if (rc == 0)
		rc = lb_dir_make(LB_UPGRADE_STICK, 0700);
	if (rc == 0 && mount(node, LB_UPGRADE_STICK, fs, flags | MS_RDONLY, NULL) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

/* `found` is its path on the mounted stick. */
static int check_file(const char *place, const uint8_t *hash, size_t hash_len,
		      char found[LB_PATH_MAX])
{
	uint8_t seen[LB_RECORD_HASH_BYTES];
	char device[LB_PATH_MAX];
	const char *path = lb_place_split(place, device);
	int rc;

	if (snprintf(found, LB_PATH_MAX, LB_UPGRADE_STICK "%s", path) >= LB_PATH_MAX)
		return LB_E(RANGE);
	rc = lb_upgrade_hash(found, seen);
	if (rc < 0)
		return rc;
	return hash_len == sizeof(seen) && memcmp(hash, seen, sizeof(seen)) == 0 ? 0 : LB_E(CRC);
}

static int explain(int rc, const char *place, char *why)
{
	char device[LB_PATH_MAX];
	const char *path = lb_place_split(place, device);

	(void)snprintf(why, LB_SENTENCE_MAX, "%.120s on the stick with %.60s %s", path + 1, device,
		       rc == LB_E(CRC) ? "is not the file that the upgrade was started with"
				       : lb_strerror(rc));
	return rc;
}

int lb_upgrade_kept_open(const struct lb_upgrade_record *r, char image[LB_PATH_MAX],
			 char settings[LB_PATH_MAX], char why[LB_SENTENCE_MAX])
{
	char place[LB_PATH_MAX], archive[LB_PATH_MAX], node[LB_PATH_MAX], device[LB_PATH_MAX];
	int rc;

	text_of(place, r->image, r->image_len);
	text_of(archive, r->settings, r->settings_len);
	rc = wait_for(place, node);
	if (rc < 0) {
		(void)lb_place_split(place, device);
		(void)snprintf(
			why, LB_SENTENCE_MAX,
			"the upgrade goes on from the stick with %.60s, which is not there: plug "
			"it in",
			device);
		return rc;
	}
	rc = mount_stick(node);
	if (rc == 0)
		rc = check_file(place, r->image_hash, r->image_hash_len, image);
	if (rc < 0)
		return explain(rc, place, why);
	settings[0] = '\0';
	if (archive[0])
		rc = check_file(archive, r->settings_hash, r->settings_hash_len, settings);
	return rc < 0 ? explain(rc, archive, why) : 0;
}

void lb_upgrade_kept_close(void)
{
	(void)umount2(LB_UPGRADE_STICK, MNT_DETACH);
}

int lb_upgrade_kept_tidy(const char *settings)
{
	if (!settings[0])
		return 0;
	/* Read-only until now: a cut must not cost the stick's file system. */
	if (mount(NULL, LB_UPGRADE_STICK, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0 ||
	    unlink(settings) < 0) {
		log_warn("the archive of settings stays on the stick: %s", strerror(errno));
		return lb_err_from_errno(errno);
	}
	sync();
	return 0;
}
