/* lifeline write: an image of a disk onto a card or a stick. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/disk_table.h"
#include "install/install.h"
#include "lifeline/card.h"
#include "lifeline/options.h"
#include "lifeline/verb.h"
#include "lifeline/write_report.h"
#include "plat/linux/disk/target.h"

static const struct lb_option options[] = {
#define OPTION LB_OPTION_ROW
#include "tables/write_options.def"
#undef OPTION
};

enum {
#define OPTION(id, letter, name, arg, help) OPT_##id = (letter),
#include "tables/write_options.def"
#undef OPTION
	OPTION_COUNT = sizeof(options) / sizeof(options[0]),
};

/* Of a pipe that much is read before the card changes: what is shorter is checked as a file is. */
#define SPOOL_BYTES (4u << 20)

struct request {
	const char *image, *device, *keys, *signature;
	bool list, yes, force, json;
};

/* All that one run needs; large. */
static struct job {
	struct request request;
	struct lb_write_report report;
	struct lb_drive drive;
	struct lb_target target;
	struct plat_target place;
	struct lb_board board;
	struct lb_verified verified;
	struct lb_install_report done;
	struct lb_ptable table; /* of the image */
	int code;		/* why begin() said no */
	char why[LB_SENTENCE_MAX];
} job = {.target = {.disk = LB_TARGET_DISK_CLOSED}};

/* What a Ctrl-C leaves behind, said by the handler: nothing else can run any more. */
#define INTERRUPTED "\nlifeline: interrupted: "
static const char untouched[] = INTERRUPTED "nothing was written\n";
static const char broken[] =
	INTERRUPTED "what is on the card cannot be used, and nothing starts from it: write it once "
		    "more, to its end\n";
static const char *volatile leaves = untouched;
static const char json_interrupted[] = "{\"event\":\"interrupted\",\"exit\":9}\n";
static volatile sig_atomic_t json_wanted;

static void on_signal(int sig)
{
	const char *text = leaves;

	/* No result can be told to whom it does not reach. */
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(LB_LINE_INTERRUPTED);
	if (json_wanted && write(STDOUT_FILENO, json_interrupted, sizeof(json_interrupted) - 1) < 0)
		_exit(LB_LINE_INTERRUPTED);
	_exit(LB_LINE_INTERRUPTED);
}

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

static void catch_signals(bool json)
{
	const struct sigaction act = {.sa_handler = on_signal};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	json_wanted = json;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		(void)sigaction(deadly[i], &act, NULL);
	/* Whoever watches may leave: the card is written all the same. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

/* The last steps take no time, and are not left half done. */
static void hold_signals(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		(void)sigaction(deadly[i], &ignore, NULL);
}

static int stop(struct job *j, int code, const char *why)
{
	j->code = code;
	if (why != j->why)
		(void)snprintf(j->why, sizeof(j->why), "%s", why);
	return LB_E(STATE);
}

/* What the first sectors of the card will be. */
static int check_table(struct job *j)
{
	const uint32_t sector_bytes = j->target.block.sector_bytes;
	int rc = lb_disk_table_of_image(&j->table, &j->verified.scan, sector_bytes);

	if (rc == LB_E(NOENT) && j->request.force)
		return 0;
	if (rc < 0) {
		(void)snprintf(j->why, sizeof(j->why),
			       "%.120s is no image of a disk: it has no partition table that makes "
			       "sense",
			       j->request.image);
		return stop(j, LB_LINE_WRONG_IMAGE, j->why);
	}
	rc = lb_disk_table_suits(&j->table, j->place.size_bytes, sector_bytes);
	if (rc == LB_E(FORMAT)) {
		(void)snprintf(j->why, sizeof(j->why),
			       "the image counts in sectors of %u bytes, %.64s has %u: nothing "
			       "would find the partitions",
			       j->table.sector_bytes, j->drive.node, sector_bytes);
		return stop(j, LB_LINE_WRONG_IMAGE, j->why);
	}
	if (rc < 0)
		return stop(j, LB_LINE_WRONG_IMAGE,
			    "a partition of the image ends behind the end of the card: take a "
			    "larger one");
	return 0;
}

static int ask_person(struct job *j)
{
	char size[LB_AMOUNT_MAX], answer[16] = "";

	if (j->request.yes)
		return 0;
	if (!isatty(STDIN_FILENO) || j->request.json)
		return stop(j, LB_LINE_USAGE,
			    "nobody is at the terminal who could be asked: give -y");
	lb_amount_bytes(size, j->drive.size_bytes);
	(void)printf("Everything on %s (%s%s%s) will be lost. Write the image? [N/y] ",
		     j->drive.node, j->drive.model, j->drive.model[0] ? ", " : "", size);
	(void)fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return stop(j, LB_LINE_INTERRUPTED, "nothing was written");
	return 0;
}

static int accept_image(void *ctx)
{
	struct job *j = ctx;
	int rc;

	lb_write_report_end_line(&j->report);
	rc = check_table(j);
	if (rc == 0)
		lb_write_report_image(&j->report, j->request.image, &j->verified);
	return rc;
}

/* The image is whole, or comes through a pipe: from here on the card changes. */
static int begin(void *ctx)
{
	struct job *j = ctx;
	const bool streams = j->done.streamed;
	int rc = streams ? 0 : accept_image(j);

	if (rc == 0)
		rc = ask_person(j);
	if (rc < 0)
		return rc;
	leaves = broken;
	rc = lb_disk_table_clear_tail(&j->target.block.dev,
				      streams ? 0 : lb_scan_payload_bytes(&j->verified.scan));
	if (rc < 0) {
		(void)snprintf(j->why, sizeof(j->why), "%.64s cannot be written to: it %s",
			       j->drive.node, lb_strerror(rc));
		return stop(j, LB_LINE_TRANSFER, j->why);
	}
	return 0;
}

static void progress(void *ctx, enum lb_install_phase phase, uint64_t done_bytes,
		     uint64_t total_bytes)
{
	static const enum lb_write_step steps[] = {
		[LB_INSTALL_VERIFY] = LB_WRITE_STEP_CHECK,
		[LB_INSTALL_WRITE] = LB_WRITE_STEP_WRITE,
		[LB_INSTALL_READ_BACK] = LB_WRITE_STEP_READ,
	};
	struct job *j = ctx;

	lb_write_report_progress(&j->report, steps[phase], done_bytes,
				 total_bytes > 0 ? total_bytes : UINT64_MAX);
}

static int code_of(const struct lb_install_report *r)
{
	switch (r->cause) {
	case LB_INSTALL_WHY_WRITE:
	case LB_INSTALL_WHY_READ_BACK:
	case LB_INSTALL_WHY_FULL:
		return LB_LINE_TRANSFER;
	case LB_INSTALL_WHY_MEMORY:
	case LB_INSTALL_WHY_UNREADABLE:
		return LB_LINE_SYSTEM;
	case LB_INSTALL_WHY_UNRECORDED:
		return LB_LINE_UNVERIFIED;
	case LB_INSTALL_WHY_NOTHING:
		return LB_LINE_OK;
	case LB_INSTALL_WHY_REFUSED:
	case LB_INSTALL_WHY_UNCHECKED:
	case LB_INSTALL_WHY_PARTS:
	case LB_INSTALL_WHY_MEMBERS:
	case LB_INSTALL_WHY_KERNEL:
	case LB_INSTALL_WHY_TOO_LARGE:
	case LB_INSTALL_WHY_RECORD:
	case LB_INSTALL_WHY_CHANGED:
	case LB_INSTALL_WHY_DISK:
	case LB_INSTALL_WHY_OVERLAY:
		break;
	}
	return LB_LINE_WRONG_IMAGE;
}

/* Table and kernel, after the image is on the card as a whole. */
static int finish(struct job *j)
{
	bool moved = false;
	int rc = lb_disk_table_fit(&j->target.block.dev, j->target.block.sector_bytes, &moved);
	if (rc == LB_E(NOENT) && j->request.force)
		rc = 0;
	if (rc < 0) {
		(void)snprintf(
			j->why, sizeof(j->why),
			"the image is on %.64s, but its partition table cannot be carried to "
			"the end of it: it %s",
			j->drive.node, lb_strerror(rc));
		return LB_LINE_UNVERIFIED;
	}
	/* A kernel that keeps its old idea of the partitions harms nobody but who looks at once. */
	if (ioctl(j->target.disk.plain_fd, BLKRRPART) < 0 && errno != EINVAL && errno != ENOTTY)
		(void)snprintf(j->why, sizeof(j->why),
			       "the kernel still shows the old partitions of %.64s: take it out "
			       "and put it in again",
			       j->drive.node);
	return LB_LINE_OK;
}

static int install(struct job *j, int fd)
{
	const struct lb_install_ask ask = {
		.image = {.image = j->request.image,
			  .fd = fd,
			  .board = &j->board,
			  .keys = j->request.keys,
			  .signature = j->request.signature,
			  .door = LB_DOOR_COMMAND},
		.verified = &j->verified,
		.target = &j->place,
		.force = j->request.force,
		.spool_max_bytes = SPOOL_BYTES,
		.ctx = j,
		.begin = begin,
		.accept = accept_image,
		.progress = progress,
	};
	int rc = lb_install_run(&j->done, &ask);

	if (rc == 0) {
		hold_signals();
		return finish(j);
	}
	if (!j->why[0]) {
		j->code = code_of(&j->done);
		(void)snprintf(j->why, sizeof(j->why), "%s", j->done.why);
	}
	if (j->done.streamed && j->done.end == LB_INSTALL_BROKEN) {
		const size_t used = strlen(j->why);

		(void)snprintf(j->why + used, sizeof(j->why) - used,
			       "; nothing starts from %.64s now", j->drive.node);
	}
	return j->code;
}

/* A descriptor of the image, or -1 with errno. */
static int open_image(const char *name, bool is_pipe)
{
	struct stat st;
	int fd = is_pipe ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || is_pipe || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	(void)close(fd);
	errno = 0;
	return -1;
}

static int open_all(struct job *j, int *fd)
{
	char why[LB_SENTENCE_MAX];
	int rc;

	*fd = open_image(j->request.image, strcmp(j->request.image, "-") == 0);
	if (*fd < 0) {
		(void)snprintf(j->why, sizeof(j->why), "%.150s cannot be read: %s",
			       j->request.image, errno ? strerror(errno) : "it is no file");
		return LB_LINE_USAGE;
	}
	rc = lb_target_open(&j->target, &j->place, j->drive.node,
			    LB_TARGET_WHOLE_DISK | LB_TARGET_UNGUARDED, why);
	if (rc == LB_E(AUTH)) {
		(void)snprintf(j->why, sizeof(j->why),
			       "writing to %.64s is not permitted: start lifeline with sudo",
			       j->drive.node);
		return LB_LINE_PERMISSION;
	}
	if (rc == 0 && lb_target_holds(&j->target, *fd)) {
		(void)snprintf(j->why, sizeof(j->why),
			       "%.100s lies on %.64s itself: copy it to another disk first",
			       j->request.image, j->drive.node);
		return LB_LINE_REFUSED;
	}
	if (rc < 0)
		(void)snprintf(j->why, sizeof(j->why), "%s", why);
	return rc < 0 ? LB_LINE_REFUSED : LB_LINE_OK;
}

static int write_card(struct job *j)
{
	CLEANUP(lb_fd_closep) int fd = -1;
	int code;

	lb_write_report_init(&j->report, j->request.json);
	lb_board_defaults(&j->board);
	j->board.signature_required[LB_DOOR_COMMAND] = j->request.keys != NULL;
	catch_signals(j->request.json);
	code = lb_card_find(&j->drive, j->request.device, j->request.force, j->why);
	if (code == LB_LINE_OK)
		code = open_all(j, &fd);
	if (code == LB_LINE_OK)
		code = install(j, fd);
	lb_target_closep(&j->target);
	if (code == LB_LINE_OK || code == LB_LINE_UNVERIFIED)
		lb_write_report_done(&j->report, &j->drive, j->done.bytes, code, j->why);
	else
		lb_write_report_failed(&j->report, code, j->why);
	return code;
}

static bool take(struct request *r, int letter)
{
	switch (letter) {
	case OPT_LIST:
		r->list = true;
		return true;
	case OPT_YES:
		r->yes = true;
		return true;
	case OPT_FORCE:
		r->force = true;
		return true;
	case OPT_KEYS:
		r->keys = optarg;
		return true;
	case OPT_SIGNATURE:
		r->signature = optarg;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	default:
		return false;
	}
}

static int usage(const char *text)
{
	(void)fprintf(stderr, "lifeline: %s; 'lifeline write --help' lists the options\n", text);
	return LB_LINE_USAGE;
}

int verb_write(int argc, char **argv)
{
	struct request *r = &job.request;
	int letter;

	while ((letter = lb_options_next(argc, argv, options, OPTION_COUNT)) != LB_OPTIONS_END) {
		if (letter == OPT_HELP) {
			lb_options_print_help("write", options, OPTION_COUNT);
			return LB_LINE_OK;
		}
		if (!take(r, letter))
			return LB_LINE_USAGE;
	}
	if (r->list)
		return optind < argc ? usage("--list takes neither image nor device")
				     : lb_card_list(r->json);
	if (argc - optind == 1) {
		(void)lb_card_list(false);
		return usage("say onto which of these disks the image is to be written");
	}
	if (argc - optind != 2)
		return usage("give an image and a device");
	r->image = argv[optind];
	r->device = argv[optind + 1];
	if (strcmp(r->image, "-") == 0 && isatty(STDIN_FILENO))
		return usage(
			"an image does not come from a terminal: give a file, or - behind a pipe");
	if (strcmp(r->image, "-") == 0 && !r->yes)
		return usage("nobody can be asked while the image comes through a pipe: give -y");
	return write_card(&job);
}
