/* The mode "internet": a medkit and its signature from where the board file says, over the WAN
 * port, onto the card. The signature decides, and the board's minimum version; the card is not
 * touched before both are known. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/fetch/pair.h"
#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/modes/mode.h"
#include "lifeboat/status_file.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/wan.h"

#define FOLDER	  LB_RUN_DIR "/internet" /* in RAM, as all of /run */
#define IMAGE	  FOLDER "/medkit"
#define SIGNATURE IMAGE ".sig"

static int get_online(struct lb_wan *wan, const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	char self[LB_PATH_MAX] = "", why[LB_SENTENCE_MAX];
	const struct lb_board *b = ask->board;
	const struct lb_wan_config config = {.ports = b->wan_ports,
					     .port_count = b->wan_port_count,
					     .dns = b->internet_dns,
					     .dns_count = b->internet_dns_count,
					     .self = self,
					     .folder = FOLDER,
					     .say = ask->say,
					     .ctx = ask->ctx};

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return lb_mode_fail(out, LB_FAILURE_OTHER, "/proc does not say where lifeboat is");
	ask->say(ask->ctx, "getting online through the WAN port");
	return lb_wan_up(wan, &config, why) < 0 ? lb_mode_fail(out, LB_FAILURE_NETWORK, "%s", why)
						: 0;
}

static void show(void *ctx, uint64_t have_bytes, uint64_t whole_bytes)
{
	const struct lb_mode_ask *ask = ctx;
	char what[64];

	(void)snprintf(what, sizeof(what), "downloading, %llu MiB so far",
		       (unsigned long long)have_bytes >> 20);
	if (whole_bytes)
		ask->step(ask->ctx, "downloading",
			  have_bytes < whole_bytes ? (unsigned)(have_bytes * 100 / whole_bytes)
						   : 100);
	else
		ask->step(ask->ctx, what, 0);
}

static void pass_on(void *ctx, const char *line)
{
	const struct lb_mode_ask *ask = ctx;

	ask->say(ask->ctx, line);
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

void lb_mode_internet(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	CLEANUP(lb_wan_closep) struct lb_wan wan = LB_WAN_CLOSED;

	*out = (struct lb_mode_result){0};
	if (get_online(&wan, ask, out) == 0 && download(ask, out) == 0)
		flash(ask, out);
	(void)unlink(IMAGE);
	(void)unlink(SIGNATURE);
}
