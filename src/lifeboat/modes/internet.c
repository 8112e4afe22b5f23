/* The mode "internet": a medkit and its signature from where the board file says, over the WAN
 * port, onto the card. The signature decides, and the board's minimum version; the card is not
 * touched before both are known. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/fetch/pair.h"
#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/modes/mode.h"
#include "lifeboat/status_file.h"
#include "plan/waiting.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/wan.h"

#define FOLDER	  LB_RUN_DIR "/internet" /* in RAM, as all of /run */
#define IMAGE	  FOLDER "/medkit"
#define SIGNATURE IMAGE ".sig"
#define REST_S	  5	 /* between two attempts to get online */
#define REMIND_MS 300000 /* tenths of it are told while there is no end to the waiting */

/* --- what one waits for: the gate ends a mode that says nothing new for too long */

static struct work {
	const struct lb_mode_ask *ask;
	struct lb_wan_config wan;
	char self[LB_PATH_MAX];
	char told[LB_SENTENCE_MAX]; /* why there is no network */
	uint64_t began_ms;
} work;

static void pass_on(void *ctx, const char *line)
{
	work.ask->say(work.ask->ctx, line);
}

static void waits(void *ctx, const char *what_for)
{
	const uint64_t told_ms = lb_waiting_told_ms(lb_monotonic_ms() - work.began_ms, REMIND_MS,
						    work.ask->board->menu_hang_ms);
	char what[LB_NAME_MAX];

	if (told_ms == 0)
		return;
	(void)snprintf(what, sizeof(what), "waiting for %s, %" PRIu64 " s", what_for,
		       told_ms / 1000);
	work.ask->step(work.ask->ctx, what, 0);
}

static void rest(void)
{
	const struct timespec pause = {.tv_sec = 1};

	for (unsigned s = 0; s < REST_S; s++) {
		waits(NULL, "the network");
		(void)nanosleep(&pause, NULL);
	}
}

/* Some come later than we do, and who was chosen in the menu comes late enough. */
static void wait_for_ports(void)
{
	const struct lb_disk_wait wait = lb_disk_wait_begin(LB_DISK_WAIT_MS);

	while (!lb_wan_has_ports(&work.wan) && lb_disk_wait_goes_on(&wait))
		;
}

static int begin(struct lb_wan *wan, const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	const struct lb_board *b = ask->board;
	char why[LB_SENTENCE_MAX];

	work = (struct work){.ask = ask,
			     .wan = {.ports = b->wan_ports,
				     .port_count = b->wan_port_count,
				     .dns = b->internet_dns,
				     .dns_count = b->internet_dns_count,
				     .self = work.self,
				     .folder = FOLDER,
				     .say = pass_on,
				     .waits = waits},
			     .began_ms = lb_monotonic_ms()};
	if (readlink("/proc/self/exe", work.self, sizeof(work.self) - 1) < 0)
		return lb_mode_fail(out, LB_FAILURE_OTHER, "/proc does not say where lifeboat is");
	ask->say(ask->ctx, "getting online through the WAN port");
	wait_for_ports();
	return lb_wan_open(wan, &work.wan, why) < 0
		       ? lb_mode_fail(out, LB_FAILURE_NETWORK, "%s", why)
		       : 0;
}

static int get_online(struct lb_wan *wan, struct lb_mode_result *out)
{
	char why[LB_SENTENCE_MAX];

	return lb_wan_up(wan, &work.wan, why) < 0 ? lb_mode_fail(out, LB_FAILURE_NETWORK, "%s", why)
						  : 0;
}

/* --- both files */

static void show(void *ctx, uint64_t have_bytes, uint64_t whole_bytes)
{
	const struct lb_mode_ask *ask = ctx;
	char what[64];

	if (have_bytes == 0) {
		waits(NULL, "the server");
		return;
	}
	(void)snprintf(what, sizeof(what), "downloading, %llu MiB so far",
		       (unsigned long long)have_bytes >> 20);
	if (whole_bytes)
		ask->step(ask->ctx, "downloading",
			  have_bytes < whole_bytes ? (unsigned)(have_bytes * 100 / whole_bytes)
						   : 100);
	else
		ask->step(ask->ctx, what, 0);
}

static enum lb_failure failure_of(enum lb_fetch_end end)
{
	if (end == LB_FETCH_END_AGAIN)
		return LB_FAILURE_NETWORK;
	return end == LB_FETCH_END_TOO_LARGE ? LB_FAILURE_SPACE : LB_FAILURE_IMAGE;
}

static int download(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	const struct lb_pair pair = {.url = ask->board->internet_url,
				     .cacert = ask->board->internet_ca,
				     .image = IMAGE,
				     .signature = SIGNATURE,
				     .say = pass_on,
				     .progress = show,
				     .ctx = (void *)(uintptr_t)ask};
	char why[LB_SENTENCE_MAX];
	enum lb_fetch_end end;

	if (lb_dir_make(FOLDER, 0700) < 0)
		return lb_mode_fail(out, LB_FAILURE_OTHER, "%s cannot be made", FOLDER);
	end = lb_pair_get(&pair, why);
	return end == LB_FETCH_END_GOT ? 0 : lb_mode_fail(out, failure_of(end), "%s", why);
}

static void flashing(void *ctx, const char *what, unsigned percent)
{
	const struct lb_mode_ask *ask = ctx;

	ask->step(ask->ctx, what, percent);
}

static void flash(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	static struct lb_board board;
	CLEANUP(lb_fd_closep) int fd = open(IMAGE, O_RDONLY | O_CLOEXEC);
	char name[LB_PATH_MAX];
	const struct lb_medkit_ask medkit = {.board = &board,
					     .fd = fd,
					     .name = name,
					     .signature = SIGNATURE,
					     .door = LB_DOOR_NETWORK,
					     .progress = flashing,
					     .ctx = (void *)(uintptr_t)ask};
	const struct lb_medkit_card card = {
		.place = ask->root, .is_root = true, .wait_ms = LB_DISK_WAIT_MS};
	struct lb_medkit_report report;

	lb_url_name(ask->board->internet_url, name);
	/* From the network the signature is not a question of the board file. */
	board = *ask->board;
	board.signature_required[LB_DOOR_NETWORK] = true;
	out->failure =
		lb_medkit_flash(&report, &medkit, &card) < 0 ? report.failure : LB_FAILURE_NONE;
	memcpy(out->why, report.why, sizeof(out->why));
}

/* The modem may need minutes after a power cut, and a router without a system has no other way. */
static bool try_once_more(struct lb_wan *wan, struct lb_mode_result *out)
{
	const struct lb_mode_ask *ask = work.ask;

	if (out->failure != LB_FAILURE_NETWORK ||
	    !lb_medkit_nothing_else_boots(ask->board, ask->root))
		return false;
	if (!work.told[0])
		ask->say(ask->ctx, "there is no system on the card: this waits until the network "
				   "and the server are there");
	if (strcmp(work.told, out->why) != 0)
		ask->say(ask->ctx, out->why);
	(void)strcpy(work.told, out->why);
	lb_wan_down(wan);
	rest();
	*out = (struct lb_mode_result){0};
	return true;
}

void lb_mode_internet(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	CLEANUP(lb_wan_closep) struct lb_wan wan = LB_WAN_CLOSED;

	*out = (struct lb_mode_result){0};
	if (begin(&wan, ask, out) < 0)
		return;
	do
		if (get_online(&wan, out) == 0 && download(ask, out) == 0)
			flash(ask, out);
	while (try_once_more(&wan, out));
	(void)unlink(IMAGE);
	(void)unlink(SIGNATURE);
}
