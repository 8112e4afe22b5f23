#include "plat/fake/overlay.h"

#include "plat/fake/overlay_deeds.h"

#define SIZE_BYTES (64ull * 1024 * 1024)

static bool holds(const struct lb_fake_overlay *f, enum lb_overlay_fs fs)
{
	return f->disk.content == (fs == LB_FS_EXT4 ? LB_CONTENT_EXT4 : LB_CONTENT_F2FS);
}

static void refuse_mounted(const struct lb_fake_overlay *f, const char *deed)
{
	if (f->no_device)
		lb_fake_die("there is no overlay device to %s", deed);
	if (f->mounted != LB_FAKE_NOTHING)
		lb_fake_die("one does not %s what is mounted", deed);
}

static int fake_format(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_fake_overlay *f = ctx;
	struct lb_fake_overlay_disk whole = {.content = fs == LB_FS_F2FS ? LB_CONTENT_F2FS
									 : LB_CONTENT_EXT4,
					     .note = f->disk.note};

	refuse_mounted(f, "format");
	if (f->disk.owners_data && !f->erase_asked)
		lb_fake_die("the owner's data is formatted away, and nobody asked for it");
	f->formats++;
	if (lb_fake_is_flash(f))
		return lb_fake_flash_format(f);
	return lb_fake_overlay_change(f, whole, LB_FAKE_FORMATTING);
}

static int fake_mount(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_fake_overlay *f = ctx;
	int rc;

	refuse_mounted(f, "mount");
	if (lb_fake_is_flash(f))
		return lb_fake_flash_mount(f);
	rc = lb_fake_overlay_look(f);
	if (rc < 0)
		return rc;
	if (!holds(f, fs) || f->disk.damage != LB_FAKE_SOUND)
		return LB_E(FORMAT);
	f->mounted = LB_FAKE_DISK;
	return 0;
}

/* An ext4 without its first superblock looks like nothing known; e2fsck finds it by the copies. */
static bool can_repair(const struct lb_fake_overlay *f, enum lb_overlay_fs fs)
{
	if (f->disk.content == LB_CONTENT_UNKNOWN)
		return fs == LB_FS_EXT4 && f->disk.damage == LB_FAKE_REPAIRABLE;
	return holds(f, fs) && f->disk.damage != LB_FAKE_HOPELESS;
}

static int fake_check(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_fake_overlay *f = ctx;
	struct lb_fake_overlay_disk whole = f->disk;
	int rc;

	refuse_mounted(f, "check");
	if (lb_fake_is_flash(f))
		return LB_E(UNSUP);
	f->checks++;
	if (!can_repair(f, fs)) {
		rc = lb_fake_overlay_look(f);
		return rc < 0 ? rc : 8; /* e2fsck(8): operational error */
	}
	whole.content = fs == LB_FS_EXT4 ? LB_CONTENT_EXT4 : LB_CONTENT_F2FS;
	whole.damage = LB_FAKE_SOUND;
	rc = lb_fake_overlay_change(f, whole, LB_FAKE_STEP);
	return rc < 0 ? rc : 1; /* repaired */
}

static int fake_tmpfs(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc = lb_fake_overlay_look(f);

	if (rc == 0 && f->no_tmpfs)
		rc = LB_E(NOSPC);
	f->mounted = rc == 0 ? LB_FAKE_RAM : LB_FAKE_NOTHING;
	return rc;
}

static int fake_switch(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc;

	lb_fake_overlay_need(f, "place over the root");
	if (f->switched)
		lb_fake_die("the root was switched already");
	rc = lb_fake_overlay_look(f);
	if (rc == 0 && f->no_overlayfs)
		rc = LB_E(UNSUP);
	f->switched = rc == 0;
	return rc;
}

static int fake_state_read(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc;

	lb_fake_overlay_need(f, "state");
	rc = lb_fake_overlay_look(f);
	if (rc < 0)
		return rc;
	if (f->disk.note == LB_FAKE_NOTE_RESET_KEEP)
		return LB_FS_STATE_RESET;
	return f->mounted == LB_FAKE_DISK && f->disk.fs_state != LB_FS_STATE_UNKNOWN
		       ? (int)f->disk.fs_state
		       : LB_E(NOENT);
}

static int fake_finish_reset(void *ctx, bool keep)
{
	struct lb_fake_overlay *f = ctx;
	int rc = lb_fake_overlay_delete(f, keep);

	if (rc == 0)
		rc = lb_fake_overlay_note(f, LB_FAKE_NOTE_NEW);
	return rc == LB_E(NOENT) ? 0 : rc;
}

int lb_fake_overlay_state_write(void *ctx, enum lb_fs_state state)
{
	struct lb_fake_overlay *f = ctx;
	struct lb_fake_overlay_disk whole = f->disk;

	lb_fake_overlay_need(f, "state");
	if (f->mounted != LB_FAKE_DISK)
		return lb_fake_overlay_look(f);
	if (f->disk.full || f->read_only) {
		int rc = lb_fake_overlay_look(f);

		return rc < 0 ? rc : LB_E(NOSPC);
	}
	whole.fs_state = state;
	if (lb_fake_is_flash(f))
		whole = lb_fake_flash_grown(whole, 1);
	return lb_fake_overlay_change(f, whole, LB_FAKE_STEP);
}

static int fake_mark_formatting(void *ctx, int begun)
{
	return lb_fake_overlay_note(ctx, begun ? LB_FAKE_NOTE_FORMATTING : LB_FAKE_NOTE_NEW);
}

static int fake_used_percent(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc;

	lb_fake_overlay_need(f, "size");
	rc = lb_fake_overlay_look(f);
	return rc < 0 ? rc : f->mounted == LB_FAKE_DISK && f->disk.full ? 100 : 7;
}

void lb_fake_overlay_init(struct lb_fake_overlay *f, struct lb_fake_power *power)
{
	*f = (struct lb_fake_overlay){.power = power, .disk = {.content = LB_CONTENT_BLANK}};
	f->load = (struct lb_fake_load){.ctx = f, .cut = lb_fake_overlay_cut};
	lb_fake_power_add(power, &f->load);
	lb_fake_flash_use(&f->chip, power, LB_FAKE_OVERLAY_BLOCKS, LB_FAKE_OVERLAY_BLOCK_BYTES, 16,
			  f->disk.flash, f->after);
	f->chip.bad[LB_FAKE_OVERLAY_BLOCKS - 2] = true;
	lb_fake_ubi_use(&f->volume, power, LB_FAKE_OVERLAY_BLOCKS, LB_FAKE_OVERLAY_BLOCK_BYTES,
			f->disk.flash, f->after);
}

struct plat_overlay lb_fake_overlay_plat(struct lb_fake_overlay *f)
{
	return (struct plat_overlay){
		.ctx = f,
		.format = fake_format,
		.mount = fake_mount,
		.check = fake_check,
		.tmpfs = fake_tmpfs,
		.switch_root = fake_switch,
		.state_read = fake_state_read,
		.state_write = lb_fake_overlay_state_write,
		.finish_reset = fake_finish_reset,
		.mark_formatting = fake_mark_formatting,
		.used_percent = fake_used_percent,
	};
}

void lb_fake_overlay_reboot(struct lb_fake_overlay *f)
{
	f->mounted = LB_FAKE_NOTHING;
	f->switched = f->read_only = false;
	f->formats = f->checks = 0;
}

struct lb_overlay_sense lb_fake_overlay_sense(const struct lb_fake_overlay *f)
{
	return (struct lb_overlay_sense){
		.has_device = !f->no_device,
		.kind = f->disk.kind,
		.size_bytes = SIZE_BYTES,
		.content = lb_fake_is_flash(f) ? lb_fake_flash_content(f) : f->disk.content,
		.format_pending = f->disk.note == LB_FAKE_NOTE_FORMATTING ||
				  f->disk.note == LB_FAKE_NOTE_RESET,
		.can_f2fs = true,
	};
}
