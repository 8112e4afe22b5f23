/* A factory reset of the overlay in memory. */
#include "plat/fake/overlay_deeds.h"

/* Four bytes in one sector: there or not. What is mounted goes on as if nothing had happened. */
static int fake_mark(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	struct lb_fake_overlay_disk whole = f->disk;
	int rc;

	if (f->no_device)
		lb_fake_die("there is no overlay device to mark");
	if (lb_fake_is_flash(f))
		return lb_fake_flash_mark(f);
	whole.content = LB_CONTENT_DEADCODE;
	rc = lb_fake_overlay_change(f, whole, LB_FAKE_STEP);
	return rc == 0 ? lb_fake_overlay_look(f) : rc; /* the read-back */
}

static int fake_request(void *ctx, bool keep)
{
	struct lb_fake_overlay *f = ctx;
	int recorded = lb_fake_overlay_note(f, keep ? LB_FAKE_NOTE_RESET_KEEP : LB_FAKE_NOTE_RESET);
	int stated;

	if (recorded == 0 && !keep)
		return 0;
	stated = lb_fake_overlay_state_write(f, keep ? LB_FS_STATE_RESET : LB_FS_STATE_RESET_ALL);
	return recorded == 0 || stated == 0 ? 0 : recorded;
}

static int fake_remove(void *ctx, bool keep, uint64_t *entries)
{
	int rc = lb_fake_overlay_delete(ctx, keep);

	if (rc == 0)
		*entries = 42;
	return rc;
}

static int fake_freeze(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc;

	lb_fake_overlay_need(f, "file system to freeze");
	rc = lb_fake_overlay_look(f);
	f->read_only = f->read_only || rc == 0;
	return rc;
}

/* All but the marker: whatever the cut leaves of the rest, the next boot formats. */
static int fake_erase(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	struct lb_fake_overlay_disk whole = {.content = f->disk.content, .note = f->disk.note};

	if (f->mounted == LB_FAKE_DISK && !f->read_only)
		lb_fake_die("a file system is erased that still writes");
	if (lb_fake_is_flash(f))
		return lb_fake_flash_erase(f);
	if (f->disk.content != LB_CONTENT_DEADCODE && !f->power->off)
		lb_fake_die(
			"an overlay is erased that is not marked: a cut would leave half of it");
	return lb_fake_overlay_change(f, whole, LB_FAKE_DELETING);
}

struct plat_reset lb_fake_reset_plat(struct lb_fake_overlay *f)
{
	return (struct plat_reset){
		.ctx = f,
		.mark = fake_mark,
		.request = fake_request,
		.remove = fake_remove,
		.freeze = fake_freeze,
		.erase = fake_erase,
	};
}
