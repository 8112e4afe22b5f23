#include "lifeboat/install/medkit_flash.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/tree.h"
#include "lifeboat/card_note.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/storage/carddev.h"
#include "store/card.h"

struct flash {
	const struct lb_medkit_ask *ask;
	bool is_root;
	struct lb_tree_report tree;
	uint64_t packed_bytes;
	unsigned percent;
};

PRINTF_LIKE(3, 4)
static int fail(struct lb_medkit_report *out, enum lb_failure failure, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(out->why, sizeof(out->why), fmt, args);
	va_end(args);
	out->failure = failure;
	return LB_E(STATE);
}

static void tell(struct flash *f, const char *what, unsigned percent)
{
	f->percent = percent;
	if (f->ask->progress)
		f->ask->progress(f->ask->ctx, what, percent);
}

static void unpacked(void *ctx, uint64_t packed_bytes)
{
	struct flash *f = ctx;
	unsigned percent = f->packed_bytes ? (unsigned)(packed_bytes * 100 / f->packed_bytes) : 0;

	if (percent > f->percent)
		tell(f, "unpacking", percent);
}

static int fill(void *ctx, int dir)
{
	struct flash *f = ctx;
	const struct lb_tree_limits limits = {.progress = unpacked, .ctx = f};

	if (lseek(f->ask->fd, 0, SEEK_SET) != 0)
		return LB_E(IO);
	tell(f, "unpacking", 0);
	return lb_tree_unpack(f->ask->fd, dir, &limits, &f->tree);
}

static int note(void *ctx, bool begun)
{
	const struct flash *f = ctx;
	const struct lb_medkit_ask *ask = f->ask;
	const enum lb_mode mode = ask->door == LB_DOOR_NETWORK ? LB_MODE_INTERNET : LB_MODE_REFLASH;

	if (f->is_root)
		lb_card_note(ask->board, begun ? mode : 0);
	return 0;
}

static int open_card(struct lb_medkit_report *out, struct lb_carddev *card, const char *device)
{
	int rc = lb_carddev_open(card, device);

	if (rc == LB_E(BUSY))
		return fail(
			out, LB_FAILURE_STORAGE,
			"%.150s is mounted or otherwise in use: start the rescue shell and do it "
			"there",
			device);
	if (rc < 0)
		return fail(out, LB_FAILURE_STORAGE, "%.150s cannot be written: it %s", device,
			    lb_strerror(rc));
	return 0;
}

static int fail_step(struct lb_medkit_report *out, const struct flash *f, enum lb_card_step step,
		     int err, const char *device)
{
	static const char *const deeds[] = {
		[LB_CARD_NOTE] = "is not begun",
		[LB_CARD_WIPE] = "cannot be cleared",
		[LB_CARD_FORMAT] = "cannot be formatted (mkfs.btrfs)",
		[LB_CARD_OPEN] = "cannot be mounted",
		[LB_CARD_FILL] = "cannot be filled",
		[LB_CARD_FACTORY] = "takes no @factory",
		[LB_CARD_PLACE] = "takes no @",
		[LB_CARD_SETTLE] = "is not ended",
	};

	if (step == LB_CARD_FILL && f->tree.why[0])
		return fail(out, err == LB_E(NOSPC) ? LB_FAILURE_SPACE : LB_FAILURE_STORAGE,
			    "%.60s %.180s", f->ask->name, f->tree.why);
	return fail(out, err == LB_E(NOSPC) ? LB_FAILURE_SPACE : LB_FAILURE_STORAGE,
		    "%.100s %s: %s", device, deeds[step], lb_strerror(err));
}

int lb_medkit_flash(struct lb_medkit_report *out, const struct lb_medkit_ask *ask,
		    const struct lb_medkit_card *where)
{
	CLEANUP(lb_carddev_closep) struct lb_carddev card = LB_CARDDEV_CLOSED;
	struct lb_medkit_ask with_room = *ask;
	struct flash f = {.ask = ask, .is_root = where->is_root};
	struct plat_card p;
	char found[LB_PATH_MAX];
	enum lb_card_step step;
	struct stat st;
	int rc;

	*out = (struct lb_medkit_report){0};
	rc = lb_blockdev_find(where->place, found, &lb_blockdev_roots);
	if (rc < 0)
		return fail(out, LB_FAILURE_STORAGE, "the card %.150s %s", where->place,
			    lb_strerror(rc));
	rc = open_card(out, &card, found);
	if (rc < 0)
		return rc;
	with_room.room_bytes = card.size_bytes;
	rc = lb_medkit_check(out, &with_room);
	if (rc < 0)
		return rc;
	f.packed_bytes = fstat(ask->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	card.note = note;
	card.fill = fill;
	card.ctx = &f;
	p = lb_carddev_plat(&card);
	tell(&f, "formatting", 0);
	out->touched = true;
	rc = lb_card_run(&p, &step);
	if (rc < 0)
		return fail_step(out, &f, step, rc, found);
	tell(&f, "done", 100);
	(void)snprintf(out->why, sizeof(out->why), "%.60s%s%.60s is on %.100s", ask->name,
		       out->version[0] ? ", version " : "", out->version, found);
	return 0;
}
