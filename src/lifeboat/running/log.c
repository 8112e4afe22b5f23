/* Why did the last boots go where they went? Also for a dump of the record area on a PC. */
#include "base/log.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "plan/place.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/storage/record_area.h"
#include "store/recovery.h"

#define AREA_BYTES (LB_RECORD_COPIES * LB_RECORD_BYTES)
#define HOW_TO_SET "set storage.record in " LB_BOARD_FILE " to a partition or file of 32768 bytes"

_Static_assert(AREA_BYTES == 32768, "HOW_TO_SET says how large the area is");

struct options {
	size_t line_count; /* SIZE_MAX = all */
	bool json;
	const char *area; /* NULL = where the board file says */
};

static int read_line_count(const char *text, size_t *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno)
		return LB_E(FORMAT);
	*out = n;
	return 0;
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"json", no_argument, NULL, 'j'},
		{"record", required_argument, NULL, 'r'},
		{0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":n:", known, NULL)) != -1) {
		if (c == 'j') {
			o->json = true;
		} else if (c == 'r') {
			o->area = optarg;
		} else if (c != 'n') {
			(void)fprintf(stderr,
				      "lifeboat log: '%s' %s; the options are -n LINES, --json and "
				      "--record FILE\n",
				      argv[optind - 1],
				      c == ':' ? "lacks its value" : "is not known");
			return LB_EXIT_USAGE;
		} else if (read_line_count(optarg, &o->line_count) < 0) {
			(void)fprintf(stderr,
				      "lifeboat log: -n takes a number of lines, not '%s'\n",
				      optarg);
			return LB_EXIT_USAGE;
		}
	}
	if (optind == argc)
		return LB_EXIT_OK;
	(void)fprintf(stderr,
		      "lifeboat log: '%s' is one word too many; a dump is given as --record %s\n",
		      argv[optind], argv[optind]);
	return LB_EXIT_USAGE;
}

/* Where the board file says that the record lives: a path, or as it stands there for files on a
 * file system. */
static int find_area(char path[LB_PATH_MAX])
{
	char device[LB_PATH_MAX], node[LB_PATH_MAX];
	struct lb_board board;
	bool in_files;
	char why[LB_SENTENCE_MAX];
	int rc;

	lb_board_for_this_machine(&board, why);
	if (why[0])
		log_warn("%s; going on with built-in defaults", why);
	if (!board.record[0]) {
		log_err("this board keeps no recovery log: " HOW_TO_SET);
		return LB_EXIT_NO;
	}
	in_files = lb_place_split(board.record, device)[0] != '\0';
	rc = lb_blockdev_find_raw(device, node, &lb_blockdev_roots);
	if (rc == 0) {
		(void)strcpy(path, in_files ? board.record : node);
		return LB_EXIT_OK;
	}
	if (rc == LB_E(NOENT)) {
		log_err("this board keeps no recovery log, for it has no partition %s: make one of "
			"32768 bytes, or " HOW_TO_SET,
			board.record);
		return LB_EXIT_NO;
	}
	log_err("storage.record in " LB_BOARD_FILE ": '%s' %s", board.record, lb_strerror(rc));
	return LB_EXIT_SYSTEM;
}

/* `opens` takes what `path` is: a path of any file, or what find_area() gives. */
static int load(struct lb_record *out, const char *path,
		int (*opens)(struct lb_record_area *a, struct plat_block *out, const char *path,
			     enum lb_block_mode mode))
{
	CLEANUP(lb_record_area_closep) struct lb_record_area area = LB_RECORD_AREA_CLOSED;
	struct plat_block dev;
	int rc = opens(&area, &dev, path, LB_BLOCK_READ);

	if (rc < 0) {
		log_err("the recovery log in %s cannot be read: it %s", path,
			rc == LB_E(UNSUP) ? "is neither a file nor a block device, nor flash with "
					    "erase blocks of 4 KiB or more"
			: rc == LB_E(NOSPC)
				? "has too few erase blocks, for each of two copies needs its own"
				: lb_strerror(rc));
		return rc == LB_E(NOENT) || rc == LB_E(UNSUP) || rc == LB_E(NOSPC) ? LB_EXIT_NO
										   : LB_EXIT_SYSTEM;
	}
	rc = lb_recovery_load(out, &dev);
	if (rc == 0)
		return LB_EXIT_OK;
	if (rc == LB_E(NOENT))
		log_err("%s holds no recovery record: it is new, or was wiped, or both copies are "
			"damaged",
			path);
	else if (rc == LB_E(NOSPC))
		log_err("%s is too small for a recovery record: it has %" PRIu64
			" bytes and needs %d",
			path, dev.size_bytes, AREA_BYTES);
	else
		log_err("the recovery record in %s cannot be read: %s", path, lb_strerror(rc));
	return rc == LB_E(IO) ? LB_EXIT_SYSTEM : LB_EXIT_NO;
}

static void json_putp(json_object **o)
{
	if (*o)
		(void)json_object_put(*o);
}

static bool add(json_object *o, const char *key, json_object *value)
{
	return value && json_object_object_add(o, key, value) == 0;
}

static json_object *lines_of(const char *from, const char *end)
{
	json_object *lines = json_object_new_array();

	while (lines && from < end) {
		const char *newline = memchr(from, '\n', (size_t)(end - from));
		json_object *line = json_object_new_string_len(from, (int)(newline - from));

		if (!line || json_object_array_add(lines, line) < 0)
			goto failed;
		from = newline + 1;
	}
	return lines;
failed:
	json_putp(&lines);
	return NULL;
}

static int print_json(const struct lb_record *r, const char *from)
{
	CLEANUP(json_putp) json_object *o = json_object_new_object();
	const char *text;

	if (!o || !add(o, "seq", json_object_new_uint64(r->seq)) ||
	    !add(o, "boot_count", json_object_new_int64(r->boot_count)) ||
	    !add(o, "last_state", json_object_new_string(lb_state_name(r->last_state))) ||
	    !add(o, "last_state_code", json_object_new_int(r->last_state)) ||
	    !add(o, "last_reason", json_object_new_string(lb_reason_name(r->last_reason))) ||
	    !add(o, "last_reason_code", json_object_new_int(r->last_reason)) ||
	    !add(o, "last_mode_number",
		 json_object_new_int(r->rescue.outcome ? r->rescue.mode : 0)) ||
	    !add(o, "last_mode_outcome",
		 json_object_new_string(lb_rescue_outcome_name(r->rescue.outcome))) ||
	    !add(o, "last_mode_failure", json_object_new_int(r->rescue.failure)) ||
	    !add(o, "log", lines_of(from, r->log + r->log_len)))
		return LB_E(NOSPC);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
	return text && puts(text) >= 0 ? 0 : LB_E(IO);
}

static int print_lines(const struct lb_record *r, const char *from)
{
	const size_t n = (size_t)(r->log + r->log_len - from);

	return fwrite(from, 1, n, stdout) == n ? 0 : LB_E(IO);
}

int applet_log(int argc, char **argv)
{
	static struct lb_record record; /* 9 KB: not for a small stack */
	struct options o = {.line_count = SIZE_MAX};
	char found[LB_PATH_MAX];
	const char *from;
	int code = read_options(argc, argv, &o);
	int rc;

	if (code == LB_EXIT_OK && !o.area)
		code = find_area(found);
	if (code == LB_EXIT_OK)
		code = load(&record, o.area ? o.area : found,
			    o.area ? lb_record_area_open : lb_record_area_open_place);
	if (code != LB_EXIT_OK)
		return code;
	from = lb_record_tail(&record, o.line_count);
	rc = o.json ? print_json(&record, from) : print_lines(&record, from);
	if (rc == 0 && fflush(stdout) == 0)
		return LB_EXIT_OK;
	log_err("the log cannot be written to the standard output");
	return LB_EXIT_SYSTEM;
}
