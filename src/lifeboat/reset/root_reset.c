#include "lifeboat/reset/root_reset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/record_io.h"
#include "lifeboat/root/renew.h"
#include "lifeboat/slots/root_place.h"
#include "lifeboat/status_file.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/files/mounts.h"
#include "plat/linux/storage/overlaydev.h"
#include "store/reflash.h"

#define CHUNK_BYTES (1u << 20)

static struct lb_record record; /* 9 KiB are too much for the stack of a small machine */

static int refuse(const char *sentence)
{
	log_err("%s; nothing was changed", sentence);
	return LB_E(STATE);
}

/* What the next boot needs to carry the request out at all. */
static int check_way(const struct lb_board *board)
{
	struct lb_status s;

	if (lb_status_load(&s) < 0 || !s.initramfs)
		return refuse(
			"this root cannot be written anew: that is only safe when lifeboat is started from an "
			"initramfs, not from the root itself");
	if (lb_record_read(board, &record) < 0)
		return refuse(
			"this root cannot be written anew: the board has no recovery record (storage.record) "
			"to ask the next boot in");
	return 0;
}

/* In rescue the root is not mounted: then it is the one that the gate looked for. */
static int find_disk(struct lb_root_reset *r, const struct lb_board *board)
{
	char spec[LB_PATH_MAX];
	struct lb_mount root;
	int rc;

	if (!lb_root_is_initramfs()) {
		rc = lb_mount_at(&root, "/");
		return rc < 0 ? rc : lb_disk_by_number(root.major, root.minor, r->disk);
	}
	lb_root_place_now(spec, board);
	return lb_blockdev_find(spec, r->disk, &lb_blockdev_roots);
}

static int measure_disk(struct lb_root_reset *r)
{
	CLEANUP(lb_block_closep) struct lb_block b = LB_BLOCK_CLOSED;
	struct plat_block dev;
	int rc = lb_block_open(&b, &dev, r->disk, LB_BLOCK_READ);

	if (rc == 0)
		r->disk_bytes = dev.size_bytes;
	return rc;
}

static enum lb_reflash_why check_image(struct lb_root_reset *r, const struct lb_board *board)
{
	static uint8_t chunk[CHUNK_BYTES];
	static struct lb_reflash_work work = {.chunk = chunk, .chunk_bytes = sizeof(chunk)};
	enum lb_reflash_why why =
		lb_imagesource_open(&r->image, board->factory_image, LB_RENEW_MOUNT);
	int rc;

	if (why != LB_REFLASH_WHY_NOTHING)
		return why;
	if (lb_disk_is_same(r->image.disk, r->disk))
		return LB_REFLASH_WHY_IS_TARGET;
	if (r->image.plat.size_bytes > r->disk_bytes)
		return LB_REFLASH_WHY_TOO_LARGE;
	rc = lb_reflash_look(&r->image.plat, r->image.has_hash ? r->image.hash : NULL, &work);
	if (rc == LB_E(CRC))
		return LB_REFLASH_WHY_WRONG_HASH;
	return rc < 0 ? LB_REFLASH_WHY_UNREADABLE : LB_REFLASH_WHY_NOTHING;
}

int lb_root_reset_open(struct lb_root_reset *r, const struct lb_board *board)
{
	enum lb_reflash_why why;
	int rc = check_way(board);

	if (rc < 0)
		return rc;
	rc = find_disk(r, board);
	if (rc == 0)
		rc = measure_disk(r);
	if (rc < 0) {
		log_err("the device of the root %s; nothing was changed", lb_strerror(rc));
		return LB_E(STATE);
	}
	why = lb_guard_check(r->disk, 0, r->disk_bytes, &lb_blockdev_roots) < 0
		      ? LB_REFLASH_WHY_PROTECTED
		      : check_image(r, board);
	if (why == LB_REFLASH_WHY_NOTHING)
		return 0;
	log_err("%s (%s); nothing was changed", lb_reflash_why_text(why), board->factory_image);
	return LB_E(STATE);
}

void lb_root_reset_closep(struct lb_root_reset *r)
{
	lb_imagesource_closep(&r->image);
}

void lb_root_reset_show(const struct lb_root_reset *r, const struct lb_board *board)
{
	(void)printf("the root on %s, %" PRIu64
		     " MiB, would be written anew at the next boot from %s (%s, %" PRIu64
		     " MiB%s); nothing of what is there now would be left\n",
		     r->disk, r->disk_bytes >> 20, board->factory_image, r->image.fs,
		     r->image.plat.size_bytes >> 20,
		     r->image.has_hash ? ", its SHA-256 is right" : "");
}

static void set_request(struct lb_record *rec, void *result)
{
	lb_record_ask_reflash(rec);
	rec->reset = *(struct lb_reset_result *)result;
}

int lb_root_reset_ask(const struct lb_root_reset *r, const struct lb_board *board)
{
	struct lb_reset_result result = {
		.outcome = LB_RESET_COMMITTED, .at_s = (uint64_t)time(NULL), .from_image = 1};
	int rc = lb_record_change(board, set_request, &result);

	if (rc == 0)
		rc = lb_record_read(board, &record);
	if (rc == 0 && record.reflash == LB_RECORD_REFLASH_NONE)
		rc = LB_E(IO);
	if (rc < 0) {
		log_err("the request for the reset does not get into the recovery record: it %s",
			lb_strerror(rc));
		return rc;
	}
	log_info("the root on %s will be written anew from %s at the next boot", r->disk,
		 board->factory_image);
	return 0;
}
