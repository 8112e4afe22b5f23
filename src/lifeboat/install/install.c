/* lifeboat install: write an image to a place, verified before and read back after. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/install.h"
#include "install/source.h"
#include "lifeboat/applet.h"
#include "lifeboat/applet_options.h"
#include "lifeboat/board_file.h"
#include "lifeboat/install/install_disk.h"
#include "lifeboat/install/install_note.h"
#include "lifeboat/install/install_report.h"
#include "lifeboat/slots/slots.h"
#include "lifeboat/snapshot/snapshot_auto.h"
#include "lifeboat/ubi_place.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/target.h"
#include "store/board.h"

struct arguments {
	const char *image, *to, *kernel, *board, *keys, *signature;
	enum lb_door door;
	bool json, force, disk, whole;
};

/* All that is too large for a small stack. */
struct installation {
	struct lb_board board;
	struct lb_verified verified;
	struct lb_target target, kernel;
	struct plat_target plat, kernel_plat;
	struct lb_slots slots;
	int slot;	 /* that the target is; -1 = none */
	bool has_kernel; /* `kernel` is open */
	struct lb_install_disk disk;
	char why[LB_SENTENCE_MAX]; /* of the disk */
	struct lb_install_report report;
	struct lb_install_meter meter;
};

static int take_option(struct arguments *out, int c, const char *word, const char *value)
{
	switch (c) {
	case 'j':
		out->json = true;
		return LB_EXIT_OK;
	case 'f':
		out->force = true;
		return LB_EXIT_OK;
	case 't':
	case 'D':
		out->to = value;
		out->disk = c == 'D';
		return LB_EXIT_OK;
	case 'K':
		out->kernel = value;
		return LB_EXIT_OK;
	case 'w':
		out->whole = true;
		return LB_EXIT_OK;
	case 'b':
		out->board = value;
		return LB_EXIT_OK;
	case 'k':
		out->keys = value;
		return LB_EXIT_OK;
	case 's':
		out->signature = value;
		return LB_EXIT_OK;
	case 'd':
		return lb_applet_door("install", value, &out->door);
	default:
		return lb_applet_bad_option("install", c, word);
	}
}

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"to", required_argument, NULL, 't'},
		{"force", no_argument, NULL, 'f'},
		{"board", required_argument, NULL, 'b'},
		{"keys", required_argument, NULL, 'k'},
		{"signature", required_argument, NULL, 's'},
		{"door", required_argument, NULL, 'd'},
		{"disk", required_argument, NULL, 'D'},
		{"whole", no_argument, NULL, 'w'},
		{"kernel", required_argument, NULL, 'K'},
		{0},
	};
	int c, code = LB_EXIT_OK;

	opterr = 0;
	while (code == LB_EXIT_OK && (c = getopt_long(argc, argv, ":", known, NULL)) != -1)
		code = take_option(out, c, argv[optind - 1], optarg);
	return code == LB_EXIT_OK ? lb_applet_image("install", argc, argv, &out->image) : code;
}

static int say(int code, const char *what, const char *why)
{
	(void)fprintf(stderr, "lifeboat install: %s%s%s\n", what, what[0] ? ": " : "", why);
	return code;
}

static int load_board(struct installation *in, const char *path)
{
	const int code = lb_applet_board("install", path, &in->board);

	if (code == LB_EXIT_OK)
		lb_board_apply(&in->board);
	return code;
}

/* The slot that does not run, unless the caller says where to. */
static int choose_place(struct installation *in, const struct arguments *a, const char **out)
{
	const int rc = lb_slots_read(&in->board, &in->slots);

	if (rc < 0)
		in->slots.count = 0;
	if (rc < 0 && rc != LB_E(NOENT))
		return say(LB_EXIT_SYSTEM, "what is known of the slots cannot be read: it",
			   lb_strerror(rc));
	*out = a->to ? a->to : rc < 0 ? NULL : in->slots.slot[lb_slots_other(&in->slots)].root;
	return *out ? LB_EXIT_OK
		    : say(LB_EXIT_NO, "",
			  "this board has no slots: say where the image goes to with --to PLACE");
}

/* A place may be called by other names than the one of the board file. */
static bool is_same_place(const char *a, const char *b)
{
	char one[LB_PATH_MAX], other[LB_PATH_MAX];

	return lb_blockdev_find_raw(a, one, &lb_blockdev_roots) == 0 &&
	       lb_blockdev_find_raw(b, other, &lb_blockdev_roots) == 0 &&
	       (strcmp(one, other) == 0 || lb_disk_is_same(one, other));
}

static int slot_of(const struct installation *in, const char *place)
{
	for (size_t i = 0; i < in->slots.count; i++)
		if (is_same_place(in->slots.slot[i].root, place))
			return (int)i;
	return -1;
}

/* What the board file says of the root there; "" = nothing. Only for an image that may bring a
 * kernel: what cannot be looked at may. */
static const char *kernel_of(const struct installation *in, const struct arguments *a,
			     const char *place, int fd)
{
	if (a->kernel)
		return a->kernel;
	if (a->disk || (lseek(fd, 0, SEEK_CUR) >= 0 && !lb_source_is_archive(fd)))
		return "";
	if (in->slot >= 0)
		return in->board.slots[in->slot].kernel;
	return in->board.slot_count == 0 && is_same_place(in->board.root, place) ? in->board.kernel
										 : "";
}

static int open_place(struct installation *in, const struct arguments *a, int fd)
{
	unsigned flags = LB_TARGET_CREATE;
	char why[LB_SENTENCE_MAX];
	const char *place, *kernel;
	int code = choose_place(in, a, &place);

	if (code != LB_EXIT_OK)
		return code;
	in->slot = slot_of(in, place);
	kernel = kernel_of(in, a, place, fd);
	/* The old root must not outlast the new kernel. */
	if (!kernel[0])
		flags |= lb_ubi_place_flags(&in->board, place);
	if (a->disk)
		flags = LB_TARGET_WHOLE_DISK | LB_TARGET_UNGUARDED;
	if ((a->disk && lb_install_disk_check(place, why) < 0) ||
	    lb_target_open(&in->target, &in->plat, place, flags, why) < 0)
		return say(LB_EXIT_NO, "", why);
	if (a->disk)
		lb_install_disk_init(&in->disk, &in->board, &in->target, a->whole, &in->plat);
	in->has_kernel = kernel[0];
	if (in->has_kernel &&
	    lb_target_open(&in->kernel, &in->kernel_plat, kernel,
			   LB_TARGET_CREATE | lb_ubi_place_flags(&in->board, kernel), why) < 0)
		return say(LB_EXIT_NO, "", why);
	return LB_EXIT_OK;
}

static int disk_peek(void *ctx, const uint8_t *head, size_t n)
{
	struct installation *in = ctx;

	return lb_install_disk_peek(&in->disk, head, n, in->why);
}

static int disk_begin(void *ctx)
{
	struct installation *in = ctx;
	const struct lb_scan *image = in->report.streamed ? NULL : &in->verified.scan;

	return lb_install_disk_begin(&in->disk, image, in->why);
}

static int disk_end(void *ctx, const struct lb_install_report *report)
{
	struct installation *in = ctx;

	return report->end == LB_INSTALL_DONE ? lb_install_disk_end(&in->disk, in->why) : 0;
}

static int note_begin(void *ctx)
{
	const struct installation *in = ctx;

	if (in->slot >= 0)
		lb_snapshot_before_update(&in->board);
	return in->slot < 0 ? 0 : lb_slots_mark_writing(&in->board, in->slot);
}

static int note_end(void *ctx, const struct lb_install_report *report)
{
	const struct installation *in = ctx;

	if (in->slot < 0 || report->end != LB_INSTALL_DONE)
		return 0;
	return lb_slots_mark_try(&in->board, in->slot);
}

static void show_progress(void *ctx, enum lb_install_phase phase, uint64_t done_bytes,
			  uint64_t total_bytes)
{
	struct installation *in = ctx;

	lb_install_meter_show(&in->meter, phase, done_bytes, total_bytes);
}

static int run(struct installation *in, const struct arguments *a, int fd)
{
	const struct lb_install_ask ask = {
		.image = {.image = a->image,
			  .fd = fd,
			  .board = &in->board,
			  .keys = a->keys,
			  .signature = a->signature,
			  .door = a->door},
		.verified = &in->verified,
		.target = &in->plat,
		.kernel = in->has_kernel ? &in->kernel_plat : NULL,
		.clear_rest = in->slot >= 0,
		.force = a->force,
		.ctx = in,
		.peek = a->disk ? disk_peek : NULL,
		.begin = a->disk ? disk_begin : note_begin,
		.end = a->disk ? disk_end : note_end,
		.progress = show_progress,
	};
	const int rc = lb_install_run(&in->report, &ask);
	int noted;

	lb_install_meter_end(&in->meter);
	if (in->why[0]) {
		in->report.cause = LB_INSTALL_WHY_DISK;
		(void)snprintf(in->report.why, sizeof(in->report.why), "%s", in->why);
	}
	noted = lb_install_note(&in->board, &in->report, a->image, in->target.node,
				in->disk.beside.keeps);
	if (noted < 0)
		(void)fprintf(stderr,
			      "lifeboat install: what came of it cannot be written to the recovery "
			      "record: it %s\n",
			      lb_strerror(noted));
	if (a->json && lb_install_print_json(&in->report, a->image, in->target.node) < 0)
		return LB_EXIT_SYSTEM;
	if (!a->json)
		lb_install_print(&in->report, a->image, in->target.node);
	return rc == LB_E(IO) ? LB_EXIT_SYSTEM : lb_install_code(&in->report);
}

int applet_install(int argc, char **argv)
{
	static struct installation in;
	struct arguments a = {0};
	CLEANUP(lb_fd_closep) int fd = -1;
	int code = read_arguments(argc, argv, &a);

	if (code == LB_EXIT_OK)
		code = load_board(&in, a.board);
	if (code != LB_EXIT_OK)
		return code;
	fd = strcmp(a.image, "-") == 0 ? dup(STDIN_FILENO) : open(a.image, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return say(errno == ENOENT ? LB_EXIT_NO : LB_EXIT_SYSTEM, a.image,
			   errno == ENOENT ? "there is no such file" : strerror(errno));
	lb_target_none(&in.target);
	lb_target_none(&in.kernel);
	code = open_place(&in, &a, fd);
	if (code == LB_EXIT_OK &&
	    (lb_target_holds(&in.target, fd) || lb_target_holds(&in.kernel, fd)))
		code = say(LB_EXIT_NO, a.image,
			   "the image lies in the place that it is to be written to");
	else if (code == LB_EXIT_OK)
		code = run(&in, &a, fd);
	lb_target_closep(&in.kernel);
	lb_target_closep(&in.target);
	return code;
}
