/* sysupgrade -l, -b and -r: settings listed, saved and put back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/board_file.h"
#include "lifeboat/settings/keep.h"
#include "lifeboat/settings/keep_packages.h"
#include "lifeboat/settings/restore.h"
#include "lifeboat/settings/settings_create.h"
#include "lifeboat/upgrade/sysupgrade.h"
#include "plat/linux/storage/settingsdir.h"
#include "store/settings.h"

#define PACKAGES_PATH "etc/backup/installed_packages.txt" /* OpenWrt's */
#define DISABLED_PATH "etc/uci-defaults/10_disable_services"
#define ATTEMPTS      3 /* a file may change while it is being saved */

static int list_paths(const struct lb_sysupgrade *o, struct lb_keep *out)
{
	const struct lb_keep_ask ask = {.root = o->sysroot,
					.changed_etc = o->changed_etc,
					.changed_all = o->changed_all,
					.skip_same = o->skip_same};
	char why[LB_SENTENCE_MAX];
	int rc = lb_keep_list(out, &ask, why);

	if (rc == 0)
		return LB_EXIT_OK;
	log_err("%s", why);
	return rc == LB_E(FORMAT) || rc == LB_E(NOENT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
}

/* Files and links, as OpenWrt lists them: directories come along with what they hold. */
int lb_sysupgrade_list(const struct lb_sysupgrade *o)
{
	CLEANUP(lb_keep_freep) struct lb_keep keep = {0};
	int code = list_paths(o, &keep);

	for (size_t i = 0; code == LB_EXIT_OK && i < keep.count; i++) {
		char full[2 * LB_PATH_MAX + 1024];
		struct stat st;

		(void)snprintf(full, sizeof(full), "%s%s", o->sysroot, keep.paths[i]);
		if (lstat(full, &st) == 0 && !S_ISDIR(st.st_mode))
			(void)puts(keep.paths[i]);
	}
	return fflush(stdout) == 0 ? code : LB_EXIT_SYSTEM;
}

struct texts {
	char *packages, *disabled;
	struct lb_settings_text list[2];
	size_t count;
};

static void free_texts(struct texts *t)
{
	free(t->packages);
	free(t->disabled);
}

static int make_texts(const struct lb_sysupgrade *o, struct texts *t)
{
	t->disabled = lb_keep_disabled(o->sysroot);
	t->packages = o->packages ? lb_keep_packages(o->sysroot) : NULL;
	if (!t->disabled || (o->packages && !t->packages)) {
		log_err("there is no memory for the list of packages");
		return LB_EXIT_SYSTEM;
	}
	if (t->disabled[0])
		t->list[t->count++] = (struct lb_settings_text){
			.path = DISABLED_PATH, .text = t->disabled, .mode = 0644};
	if (o->packages)
		t->list[t->count++] = (struct lb_settings_text){
			.path = PACKAGES_PATH, .text = t->packages, .mode = 0644};
	return LB_EXIT_OK;
}

static int read_archive(const char *file, struct lb_settings_report *report)
{
	CLEANUP(lb_archive_file_closep) struct lb_archive_file archive = LB_ARCHIVE_FILE_CLOSED;
	struct plat_archive from;
	int rc = lb_archive_file_open(&archive, file);

	if (rc < 0) {
		(void)snprintf(report->why, sizeof(report->why), "%s",
			       rc == LB_E(FORMAT) ? "is no file" : lb_strerror(rc));
		return rc;
	}
	from = lb_archive_file_plat(&archive);
	return lb_settings_verify(&from, NULL, NULL, report);
}

int lb_sysupgrade_check_archive(const char *file)
{
	static struct lb_board board;
	struct lb_settings_report report;
	int rc = read_archive(file, &report);

	if (rc < 0) {
		log_err("%s %s", file, report.why);
		return rc == LB_E(IO) || rc == LB_E(NOSPC) ? LB_EXIT_SYSTEM : LB_EXIT_NO;
	}
	lb_board_for_this_machine(&board, NULL);
	if (!report.has_manifest || lb_settings_fit(board.id, report.board))
		return LB_EXIT_OK;
	log_err("%s holds settings of another board: of %s, and this is %s", file, report.board,
		board.id);
	return LB_EXIT_NO;
}

/* What is there under the name stays until the new archive was read whole. */
static int check(void *ctx, const char *file)
{
	return read_archive(file, ctx);
}

static int create(const struct lb_sysupgrade *o, const char *file, const struct texts *t,
		  struct lb_settings_report *report)
{
	CLEANUP(lb_keep_freep) struct lb_keep keep = {0};
	struct lb_settings_wish wish = {.root = o->sysroot,
					.exact = true,
					.texts = t->list,
					.text_count = t->count,
					.check = check,
					.check_ctx = report};
	struct lb_manifest head;
	int rc, code = list_paths(o, &keep);

	*report = (struct lb_settings_report){0};
	if (code != LB_EXIT_OK)
		return code;
	wish.paths = keep.paths;
	wish.count = keep.count;
	for (size_t i = 0; o->verbose > 1 && i < keep.count; i++)
		(void)fprintf(stderr, "%s\n", keep.paths[i]);
	lb_settings_head(&head, o->sysroot);
	if (strcmp(file, "-") == 0)
		rc = lb_settings_create_to(STDOUT_FILENO, &head, &wish);
	else
		rc = lb_settings_create(file, &head, &wish);
	return rc == 0 ? LB_EXIT_OK : LB_EXIT_SYSTEM;
}

static int create_patiently(const struct lb_sysupgrade *o, const char *file, const struct texts *t)
{
	struct lb_settings_report report;
	int code;

	for (int i = 0; i < ATTEMPTS; i++) {
		code = create(o, file, t, &report);
		if (code == LB_EXIT_OK || !report.why[0])
			return code;
		log_warn("a setting was changed while it was being saved: once more");
	}
	return code;
}

int lb_sysupgrade_create(const struct lb_sysupgrade *o, const char *file)
{
	CLEANUP(free_texts) struct texts t = {0};
	int code = make_texts(o, &t);

	if (code != LB_EXIT_OK)
		return code;
	lb_sysupgrade_say(o, "Saving config files...");
	return create_patiently(o, file, &t);
}

static int stay(void *ctx)
{
	return 0;
}

static int keep_name(void *ctx, const char *suffix)
{
	return 0;
}

/* From a pipe: a restore reads its archive four times. */
static int spool(char path[LB_PATH_MAX])
{
	static uint8_t buf[65536];
	ssize_t n;

	(void)snprintf(path, LB_PATH_MAX, "/tmp/sysupgrade-restore.XXXXXX");
	CLEANUP(lb_fd_closep) int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return lb_err_from_errno(errno);
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return LB_E(NOSPC);
	return n < 0 ? lb_err_from_errno(errno) : 0;
}

static int restore(const char *file)
{
	const char *const places[LB_SETTINGS_PLACES] = {file, file};
	CLEANUP(lb_settingsdir_closep) struct lb_settingsdir dir = LB_SETTINGSDIR_CLOSED;
	struct lb_settings_report report;
	static struct lb_board board;
	struct plat_settings plat;
	int rc = lb_settingsdir_open(&dir, "/", "/rom", places);

	if (rc < 0) {
		log_err("%s cannot be restored: it %s", file, lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	plat = lb_settingsdir_plat(&dir);
	plat.archive_remove = stay; /* the owner's backup */
	plat.archive_rename = keep_name;
	lb_board_for_this_machine(&board, NULL);
	lb_settings_restore(&plat, board.id, &report);
	if (report.outcome == LB_SETTINGS_RESTORED) {
		log_info("%u settings were restored: most count after a reboot", report.files);
		return LB_EXIT_OK;
	}
	log_err("%s: %s %s",
		report.outcome == LB_SETTINGS_PARTIAL ? "settings were restored in part only"
						      : "no settings were restored",
		file, report.why);
	return report.outcome == LB_SETTINGS_DAMAGED || report.outcome == LB_SETTINGS_REFUSED
		       ? LB_EXIT_NO
		       : LB_EXIT_SYSTEM;
}

int lb_sysupgrade_restore(const struct lb_sysupgrade *o, const char *file)
{
	char path[LB_PATH_MAX];
	const bool piped = strcmp(file, "-") == 0;
	int code, rc = piped ? spool(path) : 0;

	if (rc < 0) {
		log_err("the archive from standard input cannot be kept in /tmp: it %s",
			lb_strerror(rc));
		code = LB_EXIT_SYSTEM;
	} else {
		lb_sysupgrade_say(o, "Restoring config files...");
		code = lb_sysupgrade_check_archive(piped ? path : file);
		if (code == LB_EXIT_OK)
			code = restore(piped ? path : file);
	}
	if (piped)
		(void)unlink(path);
	return code;
}
