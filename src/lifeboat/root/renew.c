#include "lifeboat/root/renew.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/child_watch.h"
#include "lifeboat/record_io.h"
#include "plan/place.h"
#include "plat/linux/disk/block.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"
#include "plat/linux/storage/imagesource.h"
#include "store/reflash.h"

#define CHUNK_BYTES	  (1u << 20)
#define WAIT_FOR_IMAGE_MS 10000 /* as for the root: a USB disk needs 2 to 5 s */
#define LOOK_EVERY_MS	  20

/* What the child tells PID 1 while it works, in memory that both see. */
struct talk {
	struct lb_child_way way;
	struct lb_reflash_report report; /* read after the child's end only */
	int said_tenth;			 /* PID 1's own */
};

/* In the child. */
struct renew {
	const struct lb_board *board;
	struct talk *talk;
	struct lb_block disk;
	struct lb_imagesource image;
	uint64_t began_ms;
};

struct outcome {
	enum lb_record_reflash reflash;
	enum lb_reset_outcome reset;
	enum lb_reflash_why why;
	uint32_t took_ms;
};

static void set_outcome(struct lb_record *r, void *ctx)
{
	const struct outcome *o = ctx;

	r->reflash = (uint8_t)o->reflash;
	r->reset.outcome = (uint8_t)o->reset;
	r->reset.why = (uint8_t)o->why;
	r->reset.from_image = 1;
	r->reset.format_ms = o->took_ms;
	if (o->reset == LB_RESET_COMPLETE)
		r->overlay = LB_RECORD_OVERLAY_NEW;
}

static int note(const struct renew *n, enum lb_record_reflash reflash, enum lb_reset_outcome reset,
		enum lb_reflash_why why)
{
	struct outcome o = {.reflash = reflash,
			    .reset = reset,
			    .why = why,
			    .took_ms = (uint32_t)(lb_monotonic_ms() - n->began_ms)};

	return lb_record_change(n->board, set_outcome, &o);
}

static int note_begin(void *ctx)
{
	return note(ctx, LB_RECORD_REFLASH_BEGUN, LB_RESET_COMMITTED, LB_REFLASH_WHY_NOTHING);
}

static int note_end(void *ctx, enum lb_reflash_why why)
{
	return note(ctx, LB_RECORD_REFLASH_NONE, LB_RESET_COMPLETE, why);
}

static int note_forget(void *ctx, enum lb_reflash_why why)
{
	return note(ctx, LB_RECORD_REFLASH_NONE, LB_RESET_REFUSED, why);
}

static int clear(void *ctx, uint64_t off_bytes, uint64_t n)
{
	return lb_block_clear(&((struct renew *)ctx)->disk, off_bytes, n);
}

static void progress(void *ctx, uint64_t done_bytes, uint64_t total_bytes)
{
	struct lb_child_way *way = &((struct renew *)ctx)->talk->way;

	atomic_store(&way->total_bytes, total_bytes);
	atomic_store(&way->done_bytes, done_bytes);
}

static enum lb_reflash_why open_image(struct renew *n)
{
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	uint64_t until_ms = lb_monotonic_ms() + WAIT_FOR_IMAGE_MS;
	struct stat st;

	for (;;) {
		enum lb_reflash_why why =
			lb_imagesource_open(&n->image, n->board->factory_image, LB_RENEW_MOUNT);

		/* What is there and wrong does not become right by waiting. */
		if (why != LB_REFLASH_WHY_NO_IMAGE || lb_monotonic_ms() > until_ms ||
		    (n->image.disk[0] && stat(n->image.disk, &st) == 0))
			return why;
		(void)nanosleep(&pause, NULL);
	}
}

static void renew(struct renew *n, const char *disk, bool begun)
{
	static uint8_t chunk[CHUNK_BYTES];
	static struct lb_reflash_work work = {.chunk = chunk, .chunk_bytes = sizeof(chunk)};
	struct plat_reflash p = {.ctx = n,
				 .clear = clear,
				 .begin = note_begin,
				 .end = note_end,
				 .forget = note_forget,
				 .progress = progress};
	struct lb_reflash_sense sense = {.begun = begun, .trouble = open_image(n)};

	if (sense.trouble == LB_REFLASH_WHY_NOTHING && lb_disk_is_same(n->image.disk, disk))
		sense.trouble = LB_REFLASH_WHY_IS_TARGET;
	if (sense.trouble == LB_REFLASH_WHY_NOTHING &&
	    lb_block_open(&n->disk, &p.target, disk, LB_BLOCK_WRITE) < 0)
		sense.trouble = LB_REFLASH_WHY_NO_TARGET;
	if (sense.trouble == LB_REFLASH_WHY_NOTHING &&
	    lb_guard_check(disk, 0, p.target.size_bytes, &lb_blockdev_roots) < 0)
		sense.trouble = LB_REFLASH_WHY_PROTECTED;
	if (sense.trouble == LB_REFLASH_WHY_NOTHING) {
		p.image = n->image.plat;
		sense.image_bytes = p.image.size_bytes;
		sense.target_bytes = p.target.size_bytes;
		log_warn(
			"factory reset: the root on %s is written anew from the factory image, %" PRIu64
			" MiB; should the power fail, it starts over",
			disk, sense.image_bytes >> 20);
	}
	if (lb_reflash_run(&p, &sense, n->image.has_hash ? n->image.hash : NULL, &work,
			   &n->talk->report) < 0)
		log_debug("the root was not written");
}

static int percent(uint64_t done_bytes, uint64_t total_bytes)
{
	return total_bytes ? (int)(done_bytes * 100 / total_bytes) : 0;
}

static void say_progress(const struct plat *p, void *ctx)
{
	struct talk *t = ctx;
	int tenth = percent(atomic_load(&t->way.done_bytes), atomic_load(&t->way.total_bytes)) / 10;
	char line[64];

	if (tenth <= t->said_tenth)
		return;
	t->said_tenth = tenth;
	(void)snprintf(line, sizeof(line), "lifeboat: factory reset: %d %%", tenth * 10);
	p->say(p->ctx, line);
}

static struct talk *new_talk(void)
{
	void *shared = mmap(NULL, sizeof(struct talk), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

static void work(const struct lb_board *board, const struct plat *p, const char *disk, bool begun,
		 struct talk *talk)
{
	struct renew n = {.board = board,
			  .talk = talk,
			  .disk = LB_BLOCK_CLOSED,
			  .image = LB_IMAGESOURCE_CLOSED,
			  .began_ms = lb_monotonic_ms()};
	pid_t pid = lb_fork();

	if (pid == 0) {
		renew(&n, disk, begun);
		_exit(0);
	}
	if (pid < 0)
		log_err("the factory reset cannot be begun: %s", strerror(errno));
	else if (!lb_child_watch(p, pid, &talk->way, say_progress, talk))
		log_err("the factory reset does not get on: a disk does not answer");
}

/* A child that was ended has told nothing, and a record that fails tells old news: whoever says
 * that the root is not whole is believed. */
static bool is_whole(const struct lb_board *board, struct lb_record *record,
		     const struct lb_reflash_report *report)
{
	return report->end != LB_REFLASH_BROKEN && lb_record_read(board, record) == 0 &&
	       record->reflash != LB_RECORD_REFLASH_BEGUN;
}

int lb_renew_root(const struct lb_board *board, const struct plat *p, const char *disk, bool *tried,
		  char why[LB_SENTENCE_MAX])
{
	static struct lb_record record;
	struct lb_reflash_report report = {0};
	struct talk *talk;

	*tried = lb_record_read(board, &record) == 0 && record.reflash != LB_RECORD_REFLASH_NONE;
	if (!*tried)
		return 0;
	talk = new_talk();
	if (talk) {
		work(board, p, disk, record.reflash == LB_RECORD_REFLASH_BEGUN, talk);
		report = talk->report;
		(void)munmap(talk, sizeof(*talk));
	}
	if (is_whole(board, &record, &report))
		return 0;
	(void)snprintf(
		why, LB_SENTENCE_MAX,
		"the factory reset of the root on %s is not finished%s%s; the next boot starts it again",
		disk, report.why ? ": " : "", lb_reflash_why_text(report.why));
	return LB_E(STATE);
}
