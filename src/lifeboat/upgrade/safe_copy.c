#include "lifeboat/upgrade/safe_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "image/rootfs.h"
#include "lifeboat/record_io.h"
#include "lifeboat/upgrade/stage.h"
#include "lifeboat/upgrade/upgrade_kept.h"
#include "plan/upgrade.h"
#include "plat/linux/files/files.h"
#include "plat/linux/storage/volume.h"
#include "store/safe_copy.h"

_Static_assert(LB_RECORD_HASH_BYTES == LB_SAFE_HASH_BYTES, "the record keeps the same hash");

struct carry {
	const struct lb_safe_job *job;
	struct plat_safe_copy plat;
	int fd;		    /* of the archive */
	bool behind;	    /* overlays lie behind the root */
	uint64_t old_bytes; /* where the old one begins, 0 = nobody knows */
	char *why;
};

bool lb_safe_copy_can(const struct lb_target *target)
{
	return target->kind != LB_TARGET_MTD && target->kind != LB_TARGET_UBI;
}

/* --- what is asked of the world */

struct note {
	const uint8_t *hash;
	uint64_t overlay_bytes;
};

static void set_note(struct lb_record *r, void *ctx)
{
	const struct note *n = ctx;
	struct lb_upgrade_record *u = &r->upgrade;
	char place[LB_SAFE_PLACE_MAX];

	u->stage = LB_UPGRADE_BEGUN;
	u->image_len = u->image_hash_len = 0;
	u->settings_len = lb_safe_place_encode(n->overlay_bytes, place);
	memcpy(u->settings, place, u->settings_len);
	u->settings_hash_len = LB_SAFE_HASH_BYTES;
	memcpy(u->settings_hash, n->hash, LB_SAFE_HASH_BYTES);
	/* Neither the old overlay nor what was to become of it is there any more. */
	r->overlay = LB_RECORD_OVERLAY_NEW;
}

int lb_safe_copy_note(const struct lb_board *board, uint64_t overlay_bytes,
		      const uint8_t hash[LB_SAFE_HASH_BYTES], char why[LB_SENTENCE_MAX])
{
	struct note n = {.hash = hash, .overlay_bytes = overlay_bytes};
	int rc = lb_record_change(board, set_note, &n);

	if (rc < 0 && rc != LB_E(NOENT))
		(void)snprintf(why, LB_SENTENCE_MAX, "the recovery record %s", lb_strerror(rc));
	return rc;
}

static int do_note(void *ctx, enum lb_safe_where where)
{
	const struct carry *c = ctx;
	uint64_t overlay_bytes = 0;
	int rc;

	if (c->behind)
		overlay_bytes =
			where == LB_SAFE_IN_OLD_OVERLAY ? c->old_bytes : c->job->overlay_bytes;
	rc = lb_safe_copy_note(c->job->board, overlay_bytes, c->plat.archive.hash, c->why);
	if (rc == LB_E(NOENT) && where == LB_SAFE_IN_NEW_OVERLAY)
		log_warn(LB_SAFE_NO_RECORD);
	return rc == LB_E(NOENT) ? 0 : rc;
}

static int do_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	return lb_fd_pread(((const struct carry *)ctx)->fd, buf, n, (off_t)off_bytes);
}

static int do_place(void *ctx)
{
	const struct carry *c = ctx;

	return lb_stage_settings_at(c->job->board, c->job->root, c->job->overlay_bytes,
				    c->job->archive, c->why);
}

/* --- may it be begun? */

static int open_archive(struct carry *c)
{
	struct stat st;
	int rc;

	c->fd = open(c->job->archive, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0 || fstat(c->fd, &st) < 0)
		rc = lb_err_from_errno(errno);
	else
		rc = lb_upgrade_hash(c->job->archive, c->plat.archive.hash);
	if (rc < 0)
		(void)snprintf(c->why, LB_SENTENCE_MAX, "%.150s %s", c->job->archive,
			       lb_strerror(rc));
	else
		c->plat.archive.archive_bytes = (uint64_t)st.st_size;
	return rc;
}

static void look_at_old(struct carry *c)
{
	uint8_t head[LB_ROOTFS_HEAD_BYTES];
	struct lb_rootfs old;

	if (lb_disk_head(c->job->root, head) == 0 && lb_rootfs_parse(&old, head, sizeof(head)) == 0)
		c->old_bytes = lb_rootfs_overlay_start(&old);
}

/* Where the new system will look for its overlay. */
static int look_at_new(struct carry *c)
{
	struct lb_overlay_dev dev = {.fd = -1};
	int rc = lb_volume_open_at(&dev, c->job->root, c->job->overlay_bytes, true);

	if (rc == 0)
		lb_fd_closep(&dev.fd);
	c->behind = rc == 0 && dev.kind == LB_VOLUME_ROOTDISK;
	if (rc == LB_E(FORMAT) || (c->behind && c->job->overlay_bytes == 0))
		(void)snprintf(c->why, LB_SENTENCE_MAX,
			       "the image holds no squashfs or EROFS: it has no overlay for "
			       "settings, upgrade without them (-n)");
	else if (rc == LB_E(NOSPC) ||
		 (rc == 0 && dev.size_bytes < LB_OVERLAY_MIN_BYTES + c->plat.archive.archive_bytes))
		(void)snprintf(c->why, LB_SENTENCE_MAX,
			       "%.100s has no room for the settings beside the image: keep less, "
			       "or upgrade without settings (-n)",
			       c->job->root);
	else if (rc < 0)
		(void)snprintf(c->why, LB_SENTENCE_MAX,
			       "the overlay of %.100s cannot be used: it %s", c->job->root,
			       lb_strerror(rc));
	else
		return 0;
	return rc < 0 ? rc : LB_E(NOSPC);
}

/* The copy behind the head must leave both overlays alone. */
static int check_room(struct carry *c)
{
	const struct plat_target *t = c->job->target;
	const uint64_t end =
		lb_safe_copy_end(t->head_bytes, t->block_bytes, c->plat.archive.archive_bytes);
	uint64_t room = t->size_bytes;

	if (c->behind && c->job->overlay_bytes < room)
		room = c->job->overlay_bytes;
	if (c->behind && !c->job->begun && c->old_bytes > 0 && c->old_bytes < room)
		room = c->old_bytes;
	if (end > 0 && end <= room)
		return 0;
	(void)snprintf(c->why, LB_SENTENCE_MAX,
		       "the settings (%" PRIu64 " KiB) are larger than the system, so that a power "
		       "cut could lose them: keep less, or put the image on a USB stick",
		       c->plat.archive.archive_bytes >> 10);
	return LB_E(NOSPC);
}

int lb_safe_copy_carry(const struct lb_safe_job *job, bool *changed, char why[LB_SENTENCE_MAX])
{
	struct carry c = {.job = job,
			  .fd = -1,
			  .why = why,
			  .plat = {.ctx = &c,
				   .target = job->target,
				   .read = do_read,
				   .note = do_note,
				   .place = do_place}};
	int rc = open_archive(&c);

	*changed = job->begun;
	if (rc == 0) {
		look_at_old(&c);
		rc = look_at_new(&c);
	}
	if (rc == 0)
		rc = check_room(&c);
	if (rc == 0)
		rc = lb_safe_copy_run(&c.plat, job->begun, changed);
	if (rc < 0 && !why[0])
		(void)snprintf(why, LB_SENTENCE_MAX, "the copy of the settings on %.150s %s",
			       job->root, lb_strerror(rc));
	lb_fd_closep(&c.fd);
	return rc;
}
