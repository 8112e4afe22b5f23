/* lifeboat settings: archives of settings, for the owner. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/settings/settings_create.h"
#include "plat/linux/storage/settingsdir.h"
#include "store/settings.h"

static int refuse_usage(const char *sentence, const char *word)
{
	(void)fprintf(
		stderr,
		"lifeboat settings: %s%s; usage: lifeboat settings verify FILE | list FILE | create FILE PATH...\n",
		sentence, word);
	return LB_EXIT_USAGE;
}

/* As in the manifest, but that blanks are blanks: no name may speak to the terminal. */
static void print_path(const char *path)
{
	for (; *path; path++)
		if (*path >= 0x20 && *path < 0x7f && *path != '\\')
			(void)putchar(*path);
		else
			(void)printf("\\x%02x", (unsigned char)*path);
}

static void print_member(void *ctx, const struct lb_member *m)
{
	static const char types[] = {[LB_MEMBER_FILE] = '-',
				     [LB_MEMBER_DIR] = 'd',
				     [LB_MEMBER_LINK] = 'l',
				     [LB_MEMBER_HARDLINK] = 'h'};

	(void)printf("%c %04o %u:%u %llu ", types[m->type], m->mode, m->uid, m->gid,
		     (unsigned long long)m->size_bytes);
	print_path(m->path);
	if (m->target[0]) {
		(void)fputs(" -> ", stdout);
		print_path(m->target);
	}
	(void)putchar('\n');
}

static void print_report(const char *file, const struct lb_settings_report *r)
{
	(void)printf("%s: whole, %u files, %llu bytes\n", file, r->files,
		     (unsigned long long)r->size_bytes);
	if (!r->has_manifest) {
		(void)puts("  manifest  none: only gzip's checksum proves it");
		return;
	}
	(void)printf("  board     %s\n  system    %s\n  date      %s\n", r->board, r->system,
		     r->date);
}

/* Does this device take it? On a machine without a board file nobody can say. */
static int judge_board(const char *file, const struct lb_settings_report *r)
{
	struct lb_board board;

	lb_board_for_this_machine(&board, NULL);
	if (!r->has_manifest || lb_settings_fit(board.id, r->board))
		return LB_EXIT_OK;
	log_err("%s is of another board: of %s, and this is %s", file, r->board, board.id);
	return LB_EXIT_NO;
}

static int read_archive(const char *file, bool list)
{
	CLEANUP(lb_archive_file_closep) struct lb_archive_file archive = LB_ARCHIVE_FILE_CLOSED;
	struct lb_settings_report report;
	struct plat_archive from;
	int rc = lb_archive_file_open(&archive, file);

	if (rc < 0) {
		log_err("%s %s", file, rc == LB_E(FORMAT) ? "is no file" : lb_strerror(rc));
		return rc == LB_E(NOENT) || rc == LB_E(FORMAT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
	}
	from = lb_archive_file_plat(&archive);
	rc = lb_settings_verify(&from, list ? print_member : NULL, NULL, &report);
	if (rc < 0) {
		log_err("%s %s", file, report.why);
		return rc == LB_E(IO) || rc == LB_E(NOSPC) ? LB_EXIT_SYSTEM : LB_EXIT_NO;
	}
	if (list)
		return LB_EXIT_OK;
	print_report(file, &report);
	return judge_board(file, &report);
}

static int create(const char *file, char *const paths[], int count)
{
	const struct lb_settings_wish wish = {.root = "", .paths = paths, .count = (size_t)count};
	struct lb_manifest head;
	int rc;

	lb_settings_head(&head, "");
	rc = lb_settings_create(file, &head, &wish);
	if (rc < 0)
		return rc == LB_E(NOENT) || rc == LB_E(FORMAT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
	return read_archive(file, false); /* a file may have changed meanwhile */
}

int applet_settings(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 3 && strcmp(verb, "verify") == 0)
		return read_archive(argv[2], false);
	if (argc == 3 && strcmp(verb, "list") == 0)
		return read_archive(argv[2], true);
	if (argc > 3 && strcmp(verb, "create") == 0)
		return create(argv[2], argv + 3, argc - 3);
	if (strcmp(verb, "create") == 0 && argc == 3)
		return refuse_usage("say what goes into the archive", "");
	if (argc > 1 && strcmp(verb, "verify") != 0 && strcmp(verb, "list") != 0 &&
	    strcmp(verb, "create") != 0)
		return refuse_usage("unknown command ", verb);
	return refuse_usage(argc > 1 ? "name one file" : "say what to do", "");
}
