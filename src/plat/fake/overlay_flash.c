/* The overlay in memory on a flash chip or on a UBI volume: what erases them is the real code. */
#include <string.h>

#include "plat/fake/overlay_deeds.h"
#include "plat/flash_volume.h"

#define BLOCKS	     LB_FAKE_OVERLAY_BLOCKS
#define BLOCK_BYTES  LB_FAKE_OVERLAY_BLOCK_BYTES
#define BAD	     (BLOCKS - 2)
#define OWNED_BLOCKS 3 /* of a file system with something on it */

/* A directory entry of JFFS2, with its checksum, and the start of UBIFS. */
static const uint8_t node[] = {0x19, 0x85, 0xE0, 0x01, 0x00, 0x00,
			       0x00, 0x28, 0xA7, 0x4B, 0x75, 0x9D};
static const uint8_t ubifs[] = {0x31, 0x18, 0x10, 0x06};

bool lb_fake_is_flash(const struct lb_fake_overlay *f)
{
	return lb_volume_is_flash(f->disk.kind);
}

static uint8_t *block_of(struct lb_fake_overlay_disk *d, unsigned block)
{
	return d->flash + (size_t)block * BLOCK_BYTES;
}

static bool has_node(const struct lb_fake_overlay_disk *d, unsigned block)
{
	return memcmp(d->flash + (size_t)block * BLOCK_BYTES, node, sizeof(node)) == 0;
}

struct lb_fake_overlay_disk lb_fake_flash_grown(struct lb_fake_overlay_disk d, unsigned blocks)
{
	for (; d.blocks < blocks; d.blocks++) {
		if (d.kind == LB_VOLUME_UBI) {
			d.volume.mapped[d.blocks] = true;
			memcpy(block_of(&d, d.blocks), ubifs, sizeof(ubifs));
		} else if (d.blocks != BAD) {
			memset(block_of(&d, d.blocks), 0xFF, BLOCK_BYTES);
			memcpy(block_of(&d, d.blocks), node, sizeof(node));
		}
		d.content = d.kind == LB_VOLUME_UBI ? LB_CONTENT_UBIFS : LB_CONTENT_JFFS2;
	}
	return d;
}

void lb_fake_overlay_put_flash(struct lb_fake_overlay_disk *d, bool tight)
{
	const enum lb_overlay_content content = d->content;

	memset(d->flash, 0xFF, sizeof(d->flash));
	d->volume = (struct lb_fake_ubi_state){0};
	d->blocks = 0;
	if (content == LB_CONTENT_JFFS2 || content == LB_CONTENT_UBIFS)
		*d = lb_fake_flash_grown(*d, tight ? BLOCKS : OWNED_BLOCKS);
	else if (content == LB_CONTENT_DEADCODE && d->kind == LB_VOLUME_UBI)
		d->volume.updating = true;
	else if (content == LB_CONTENT_DEADCODE)
		memcpy(block_of(d, 0), "\xDE\xAD\xC0\xDE", 4);
	else if (content == LB_CONTENT_UNKNOWN) {
		d->volume.mapped[0] = d->volume.mapped[1] = true;
		memset(d->flash, 0x5A, 2 * (size_t)BLOCK_BYTES);
	}
}

void lb_fake_overlay_own(struct lb_fake_overlay *f)
{
	f->disk.owners_data = true;
	if (lb_fake_is_flash(f))
		f->disk = lb_fake_flash_grown(f->disk, OWNED_BLOCKS);
}

static bool is_left(const struct lb_fake_overlay_disk *d, unsigned block)
{
	if (d->kind == LB_VOLUME_UBI)
		return d->volume.mapped[block] && !d->volume.updating;
	return block == BAD || has_node(d, block);
}

/* What is left of the file system, by the blocks of it that are. */
static void take_stock(struct lb_fake_overlay *f)
{
	struct lb_fake_overlay_disk *d = &f->disk;
	unsigned left = 0, bad = 0;

	d->content = lb_fake_flash_content(f);
	for (unsigned b = 0; b < d->blocks; b++) {
		left += is_left(d, b);
		bad += d->kind == LB_VOLUME_MTD && b == BAD;
	}
	if (left == d->blocks && d->content != LB_CONTENT_BLANK)
		return;
	if (left > bad) {
		d->in_part = d->owners_data;
		return;
	}
	d->owners_data = d->in_part = d->archive = d->full = d->knows_stick = false;
	d->damage = LB_FAKE_SOUND;
	d->fs_state = LB_FS_STATE_UNKNOWN;
	d->blocks = 0;
}

enum lb_overlay_content lb_fake_flash_content(const struct lb_fake_overlay *f)
{
	/* With the power of their own: looking is no operation, and the world is looked at when the
	 * power has gone. */
	struct lb_fake_power power = {0};
	struct lb_fake_flash chip = f->chip;
	struct lb_fake_ubi volume = f->volume;
	enum lb_overlay_content content = LB_CONTENT_UNKNOWN;
	struct plat_mtd m = lb_fake_flash_plat(&chip);
	struct plat_ubi u = lb_fake_ubi_plat(&volume);
	int rc;

	chip.power = volume.power = &power;
	volume.state = f->disk.volume;
	rc = f->disk.kind == LB_VOLUME_UBI ? lb_ubi_content(&u, &content)
					   : lb_mtd_content(&m, &content);
	return rc == 0 ? content : LB_CONTENT_UNKNOWN;
}

static int on_chip(struct lb_fake_overlay *f, int (*deed)(const struct plat_mtd *m))
{
	const struct plat_mtd m = lb_fake_flash_plat(&f->chip);
	int rc = deed(&m);

	take_stock(f);
	return rc;
}

static int on_volume(struct lb_fake_overlay *f)
{
	const struct plat_ubi u = lb_fake_ubi_plat(&f->volume);
	int rc;

	f->volume.state = f->disk.volume;
	f->volume.mounted = f->mounted == LB_FAKE_DISK;
	rc = lb_ubi_empty(&u);
	f->disk.volume = f->volume.state;
	take_stock(f);
	return rc;
}

int lb_fake_flash_erase(struct lb_fake_overlay *f)
{
	return f->disk.kind == LB_VOLUME_UBI ? on_volume(f) : on_chip(f, lb_mtd_erase);
}

int lb_fake_flash_format(struct lb_fake_overlay *f)
{
	return lb_fake_flash_erase(f);
}

int lb_fake_flash_mark(struct lb_fake_overlay *f)
{
	int recorded, rc;

	if (f->mounted == LB_FAKE_DISK) {
		rc = lb_fake_overlay_look(f);
		return rc < 0 ? rc : LB_E(UNSUP);
	}
	if (f->disk.kind == LB_VOLUME_UBI)
		return on_volume(f);
	recorded = lb_fake_overlay_note(f, LB_FAKE_NOTE_RESET);
	rc = on_chip(f, lb_mtd_mark);
	return recorded == 0 ? 0 : rc;
}

/* The kernel makes the file system of an empty place: UBIFS at once, and nothing else mounts
 * before it has; JFFS2 by erasing the last block once more. */
static int make(struct lb_fake_overlay *f)
{
	struct lb_fake_overlay_disk whole = f->disk;

	if (f->disk.kind == LB_VOLUME_UBI) {
		whole = lb_fake_flash_grown(whole, 2);
		return lb_fake_overlay_change(f, whole, LB_FAKE_FORMATTING);
	}
	return f->chip.power->off ? LB_E(IO)
				  : lb_fake_flash_plat(&f->chip).erase(&f->chip, BLOCKS - 1);
}

int lb_fake_flash_mount(struct lb_fake_overlay *f)
{
	const enum lb_overlay_content content = lb_fake_flash_content(f);
	struct lb_fake_overlay_disk *d = &f->disk;
	int rc = lb_fake_overlay_look(f);

	if (rc < 0)
		return rc;
	if (d->kind == LB_VOLUME_UBI && content == LB_CONTENT_BLANK)
		rc = make(f);
	else if (d->kind == LB_VOLUME_UBI && (content != LB_CONTENT_UBIFS || d->damage))
		return LB_E(FORMAT);
	else if (d->kind == LB_VOLUME_MTD && d->blocks == 0) {
		for (size_t i = 0; i < sizeof(d->flash); i++)
			if (d->flash[i] != 0xFF)
				return LB_E(FORMAT);
		rc = make(f);
	}
	if (rc == 0)
		f->mounted = LB_FAKE_DISK;
	return rc;
}

/* --- from RAM to flash */

static int live_note(void *ctx, int begun)
{
	return lb_fake_overlay_note(ctx, begun ? LB_FAKE_NOTE_FORMATTING : LB_FAKE_NOTE_NEW);
}

static int live_erase(void *ctx)
{
	struct lb_fake_overlay *f = ctx;

	if (f->mounted != LB_FAKE_RAM)
		lb_fake_die("the flash is erased under the system that runs on it");
	if (f->disk.owners_data && !f->erase_asked)
		lb_fake_die("the owner's data is erased, and nobody asked for it");
	return lb_fake_flash_erase(f);
}

static int live_mount(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc = lb_fake_flash_mount(f);

	f->mounted = LB_FAKE_RAM; /* the flash is aside */
	return rc;
}

static int live_look(void *ctx)
{
	return lb_fake_overlay_look(ctx);
}

static int live_commit(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	struct lb_fake_overlay_disk whole = lb_fake_flash_grown(f->disk, 1);

	whole.fs_state = LB_FS_STATE_PENDING;
	return lb_fake_overlay_change(f, whole, LB_FAKE_STEP);
}

static int live_enter(void *ctx)
{
	struct lb_fake_overlay *f = ctx;
	int rc = lb_fake_overlay_look(f);

	if (rc == 0)
		f->mounted = LB_FAKE_DISK;
	return rc;
}

struct plat_live_switch lb_fake_overlay_live_plat(struct lb_fake_overlay *f)
{
	return (struct plat_live_switch){
		.ctx = f,
		.note = live_note,
		.erase = live_erase,
		.mount = live_mount,
		.copy = live_look,
		.commit = live_commit,
		.enter = live_enter,
		.catch_up = live_look,
		.leave = live_look,
	};
}
