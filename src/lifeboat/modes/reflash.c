/* The mode "reflash": the system of a medkit on a stick or card goes onto the router's card. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/medkit_choice.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/modes/medkit_search.h"
#include "lifeboat/modes/mode.h"
#include "plan/waiting.h"
#include "plat/linux/disk/disk.h"

#define LOOK_EVERY_MS 1000
#define REMIND_MS     300000 /* tenths of it are told while there is no end to the waiting */
#define SETTLE_MS \
	2000 /* one stick is there: of two that were plugged in together so is the other */

static struct work {
	const struct lb_mode_ask *ask;
	struct lb_medkit_search search;
	char version[LB_MEDKITS_MAX][LB_NAME_MAX];
	char refused[LB_SENTENCE_MAX]; /* why the first one was left out */
	enum lb_failure refused_as;
} work;

PRINTF_LIKE(1, 2) static void say(const char *fmt, ...)
{
	char line[2 * LB_SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	work.ask->say(work.ask->ctx, line);
}

/* --- finding them */

static const char *family(const struct lb_board *b)
{
	return b->image_name_count ? b->image_names[0] : b->id;
}

static int explain_nothing(struct lb_mode_result *out)
{
	const struct lb_board *b = work.ask->board;

	if (work.search.other[0])
		return lb_mode_fail(out, LB_FAILURE_IMAGE,
				    "%.80s is a medkit for another router: this one takes "
				    "%.40s-medkit-latest.tar.gz",
				    work.search.other, family(b));
	return lb_mode_fail(
		out, LB_FAILURE_IMAGE,
		"no medkit was found within %u s: put %.40s-medkit-latest.tar.gz on a stick with "
		"FAT32, exFAT, ext4 or btrfs, not into a folder",
		b->reflash_wait_ms / 1000, family(b));
}

/* The gate ends a mode that says nothing new for too long: with the seconds it is always new. */
static void tell_waiting(uint64_t waited_ms, uint64_t wait_ms)
{
	const uint64_t told_ms =
		lb_waiting_told_ms(waited_ms, wait_ms, work.ask->board->menu_hang_ms);
	char what[LB_NAME_MAX];

	(void)snprintf(what, sizeof(what), "waiting, %" PRIu64 " s", told_ms / 1000);
	work.ask->step(work.ask->ctx, what,
		       told_ms < wait_ms ? (unsigned)(told_ms * 100 / wait_ms) : 100);
}

static int find(struct lb_mode_result *out)
{
	const struct timespec pause = {.tv_sec = LOOK_EVERY_MS / 1000};
	const uint64_t wait_ms = work.ask->board->reflash_wait_ms;
	const uint64_t began_ms = lb_monotonic_ms();
	uint64_t since_ms = 0;
	bool seen = false, told = false;

	say("lifeboat: looking for a medkit: plug in the stick");
	for (;;) {
		uint64_t now_ms;
		bool gives_up;

		lb_medkit_look(&work.search);
		now_ms = lb_monotonic_ms();
		/* The card may come later than the mode. */
		gives_up = work.search.count ||
			   !lb_medkit_nothing_else_boots(work.ask->board, work.ask->root);
		if (!gives_up && !told)
			say("lifeboat: there is no system on the card: this waits until the stick "
			    "is there");
		told = told || !gives_up;
		if (work.search.count && !seen) {
			seen = true;
			since_ms = now_ms;
		}
		if (work.search.count && now_ms >= since_ms + SETTLE_MS)
			return 0;
		if (!work.search.count && gives_up && now_ms >= began_ms + wait_ms)
			return explain_nothing(out);
		if (!work.search.count)
			tell_waiting(now_ms - began_ms, gives_up ? wait_ms : REMIND_MS);
		(void)nanosleep(&pause, NULL);
	}
}

/* --- choosing one */

static void ask_of(struct lb_medkit_ask *out, const char *name, const char *folder, int fd)
{
	*out = (struct lb_medkit_ask){.board = work.ask->board,
				      .fd = fd,
				      .name = name,
				      .companions = folder,
				      .door = LB_DOOR_REMOVABLE,
				      .progress = work.ask->step,
				      .ctx = work.ask->ctx};
}

static int open_in(const char *folder, const char *name)
{
	char path[2 * LB_PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? lb_err_from_errno(errno) : fd;
}

static void leave_out(const struct lb_medkit_place *p, enum lb_failure failure, const char *why)
{
	say("lifeboat: %s on %s is left out: %s", p->name, p->node, why);
	if (work.refused[0])
		return;
	(void)snprintf(work.refused, sizeof(work.refused), "%s", why);
	work.refused_as = failure;
}

/* Many of them take longer than a mode may be silent, and each says the same while it is read. */
static void tell_candidate(size_t i)
{
	char what[LB_NAME_MAX];

	(void)snprintf(what, sizeof(what), "medkit %zu of %zu", i + 1, work.search.count);
	work.ask->step(work.ask->ctx, what, (unsigned)(i * 100 / work.search.count));
}

/* Of the card as it is now; 0 = it has no such partition. */
static uint64_t room(void)
{
	struct lb_disk card;

	return work.search.card[0] && lb_disk_of(work.search.card, &card, &lb_blockdev_roots) == 0
		       ? card.size_bytes
		       : 0;
}

static bool is_good(size_t i)
{
	const struct lb_medkit_place *p = &work.search.found[i];
	struct lb_medkit_report report = {0};
	struct lb_medkit_ask ask;
	char folder[LB_PATH_MAX];
	int rc;

	tell_candidate(i);
	rc = lb_medkit_enter(&work.search, p, folder);
	if (rc == 0) {
		CLEANUP(lb_fd_closep) int fd = open_in(folder, p->name);

		ask_of(&ask, p->name, folder, fd);
		ask.room_bytes = room();
		rc = fd < 0 ? fd : lb_medkit_check(&report, &ask);
	}
	lb_medkit_leave();
	if (rc < 0) {
		leave_out(p, report.failure ? report.failure : LB_FAILURE_IMAGE,
			  report.why[0] ? report.why : lb_strerror(rc));
		return false;
	}
	memcpy(work.version[i], report.version, sizeof(work.version[i]));
	return true;
}

static struct lb_medkit_candidate candidate(size_t i)
{
	return (struct lb_medkit_candidate){work.search.found[i].name, work.version[i]};
}

/* Of the good ones; LB_E(NOENT): there is none. */
static int best_of(bool minimal)
{
	int best = LB_E(NOENT);

	for (size_t i = 0; i < work.search.count; i++) {
		const struct lb_medkit_candidate c = candidate(i);

		if (lb_medkit_is_minimal(c.name) != minimal || !is_good(i))
			continue;
		if (best >= 0) {
			const struct lb_medkit_candidate so_far = candidate((size_t)best);

			if (!lb_medkit_is_meant(&c, &so_far))
				continue;
		}
		best = (int)i;
	}
	return best;
}

/* A single one is not read here: it is before the card is written. */
static int choose(struct lb_mode_result *out)
{
	int best;

	for (size_t i = 0; i < work.search.count; i++)
		say("lifeboat: %s is on %s (%s)", work.search.found[i].name,
		    work.search.found[i].node, work.search.found[i].fs);
	if (work.search.count == 1)
		return 0;
	best = best_of(false);
	if (best < 0)
		best = best_of(true);
	return best < 0 ? lb_mode_fail(out, work.refused_as, "%.250s", work.refused) : best;
}

/* --- writing it */

static int explain_source(struct lb_mode_result *out, const struct lb_medkit_place *p, int rc)
{
	return lb_mode_fail(out, LB_FAILURE_IMAGE, "%.80s on %.40s cannot be read: it %s", p->name,
			    p->node, lb_strerror(rc));
}

/* A medkit that lies where is going to be written has to be in RAM by then. */
static int fetch(struct lb_mode_result *out, const struct lb_medkit_place *p,
		 char folder[LB_PATH_MAX])
{
	uint64_t size_bytes = 0, room_bytes = 0;
	int rc;

	/* Between the checks of the last candidate and of this one, which say the same. */
	work.ask->step(work.ask->ctx, "fetching", 0);
	rc = lb_medkit_enter(&work.search, p, folder);
	if (rc == 0 && p->on_card) {
		say("lifeboat: it lies on the card itself, and is copied to RAM first: once the "
		    "card is written it is nowhere else");
		rc = lb_medkit_to_ram(p, folder, &size_bytes, &room_bytes);
	}
	if (rc == LB_E(NOSPC))
		return lb_mode_fail(out, LB_FAILURE_SPACE,
				    "%.60s lies on the card itself and its %" PRIu64
				    " MiB do not fit into RAM (%" PRIu64
				    " are free): put it on a stick",
				    p->name, size_bytes >> 20, room_bytes >> 20);
	return rc < 0 ? explain_source(out, p, rc) : 0;
}

static void write_card(struct lb_mode_result *out, const struct lb_medkit_place *p)
{
	const struct lb_medkit_card card = {.place = work.ask->root,
					    .is_root = true,
					    .source = p->on_card ? p->node : NULL,
					    .wait_ms = LB_DISK_WAIT_MS};
	struct lb_medkit_report report;
	struct lb_medkit_ask ask;
	char folder[LB_PATH_MAX];

	if (fetch(out, p, folder) < 0)
		return;
	CLEANUP(lb_fd_closep) int fd = open_in(folder, p->name);
	ask_of(&ask, p->name, folder, fd);
	if (fd < 0) {
		(void)explain_source(out, p, fd);
		return;
	}
	out->failure = LB_FAILURE_NONE;
	if (lb_medkit_flash(&report, &ask, &card) < 0)
		out->failure = report.failure;
	(void)snprintf(out->why, sizeof(out->why), "%s", report.why);
}

void lb_mode_reflash(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	int which;

	*out = (struct lb_mode_result){0};
	work = (struct work){.ask = ask, .search = {.board = ask->board, .root = ask->root}};
	if (find(out) < 0)
		return;
	which = choose(out);
	if (which < 0)
		return;
	write_card(out, &work.search.found[which]);
	lb_medkit_leave();
}
