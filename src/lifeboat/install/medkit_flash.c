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
#include "lifeboat/disk_wait.h"
#include "lifeboat/install/card_disk.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/storage/carddev.h"
#include "store/board_card.h"
#include "store/card.h"

struct flash {
	const struct lb_medkit_ask *ask;
	bool is_root;
	bool new_table;
	bool ahead; /* where the record will be there is no partition yet */
	struct lb_card_disk disk;
	struct lb_carddev card;
	char node[LB_PATH_MAX];
	char why[LB_SENTENCE_MAX];
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

	if (f->is_root && f->ahead)
		lb_card_note_ahead(ask->board, mode);
	else if (f->is_root)
		lb_card_note(ask->board, begun ? mode : 0);
	return 0;
}

static int table(void *ctx)
{
	struct flash *f = ctx;
	int rc;

	tell(f, "partitioning", 0);
	rc = lb_card_disk_write(&f->disk, f->node, f->why);
	f->ahead = false;
	if (rc == 0)
		rc = lb_carddev_open(&f->card, f->node);
	if (rc == 0)
		tell(f, "formatting", 0);
	return rc;
}

static int open_card(struct lb_medkit_report *out, struct lb_carddev *card, const char *place,
		     const char *device)
{
	char twin[LB_PATH_MAX];
	int rc = lb_blockdev_twin(place, device, twin, &lb_blockdev_roots);

	if (rc == 0)
		return fail(out, LB_FAILURE_STORAGE,
			    "%.80s is the name of %.40s and of %.40s: unplug the one that is not "
			    "meant",
			    place, device, twin);
	rc = lb_carddev_open(card, device);
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

static bool is_there(struct flash *f, const struct lb_medkit_card *where)
{
	return !where->whole && lb_disk_is_there(where->place, f->node);
}

/* A disk is made anew for the root only: no layout says what a device that somebody names is for.
 */
static int plan_table(struct flash *f, const struct lb_medkit_card *where)
{
	if (where->is_root)
		return lb_card_disk_plan(&f->disk, f->why);
	(void)snprintf(f->why, sizeof(f->why), "%.150s is not there", where->place);
	return LB_E(NOENT);
}

/* The partition, or else what the card needs to have it. Some cards take seconds to appear. */
static int find_card(struct lb_medkit_report *out, struct flash *f,
		     const struct lb_medkit_card *where)
{
	const struct lb_disk_wait wait = lb_disk_wait_begin(where->wait_ms);
	bool waits = true;

	f->disk = (struct lb_card_disk){.board = f->ask->board,
					.place = where->place,
					.whole = where->whole,
					.source = where->source};
	while (!is_there(f, where)) {
		const int rc = plan_table(f, where);

		f->new_table = rc == 0;
		f->ahead = rc == 0 && f->disk.is_blank;
		if (f->new_table && (!f->disk.is_fine || !waits))
			return 0;
		if (rc < 0 && (rc != LB_E(NOENT) || !waits))
			return fail(out, rc == LB_E(NOSPC) ? LB_FAILURE_SPACE : LB_FAILURE_STORAGE,
				    "%s", f->why);
		waits = lb_disk_wait_goes_on(&wait);
	}
	f->new_table = f->ahead = false;
	return open_card(out, &f->card, where->place, f->node);
}

static int fail_step(struct lb_medkit_report *out, const struct flash *f, enum lb_card_step step,
		     int err, const char *device)
{
	static const char *const deeds[] = {
		[LB_CARD_NOTE] = "is not begun",
		[LB_CARD_TABLE] = "takes no partitions",
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
	if (step == LB_CARD_TABLE && f->why[0])
		return fail(out, LB_FAILURE_STORAGE, "%s", f->why);
	return fail(out, err == LB_E(NOSPC) ? LB_FAILURE_SPACE : LB_FAILURE_STORAGE,
		    "%.100s %s: %s", device, deeds[step], lb_strerror(err));
}

static int write_card(struct lb_medkit_report *out, struct flash *f)
{
	const struct lb_medkit_ask *ask = f->ask;
	enum lb_card_step step;
	struct plat_card p;
	struct stat st;
	int rc;

	f->packed_bytes = fstat(ask->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	f->card.note = note;
	f->card.table = f->new_table ? table : NULL;
	f->card.fill = fill;
	f->card.ctx = f;
	f->why[0] = '\0';
	p = lb_carddev_plat(&f->card);
	if (!f->new_table)
		tell(f, "formatting", 0);
	out->touched = true;
	rc = lb_card_run(&p, &step);
	lb_carddev_closep(&f->card);
	if (rc < 0)
		return fail_step(out, f, step, rc, f->node);
	tell(f, "done", 100);
	(void)snprintf(out->why, sizeof(out->why), "%.60s%s%.60s is on %.100s", ask->name,
		       out->version[0] ? ", version " : "", out->version, f->node);
	return 0;
}

int lb_medkit_flash(struct lb_medkit_report *out, const struct lb_medkit_ask *ask,
		    const struct lb_medkit_card *where)
{
	struct lb_medkit_ask with_room = *ask;
	struct flash f = {.ask = ask, .is_root = where->is_root, .card = LB_CARDDEV_CLOSED};
	int rc;

	*out = (struct lb_medkit_report){0};
	rc = find_card(out, &f, where);
	if (rc < 0)
		return rc;
	with_room.room_bytes = f.new_table ? f.disk.root_bytes : f.card.size_bytes;
	rc = lb_medkit_check(out, &with_room);
	return rc < 0 ? rc : write_card(out, &f);
}
