/* "lifeboat snapshot import" and "factory-version". */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "install/medkit.h"
#include "install/tree.h"
#include "lifeboat/board_file.h"
#include "lifeboat/fetch/pair.h"
#include "lifeboat/snapshot/snapshot.h"
#include "plat/linux/machine/proc.h"
#include "tables/tables.h"

#define FETCH_DIR "/tmp/lifeboat-import-XXXXXX"

struct import {
	struct lb_snapshot_session *s;
	int archive;
	bool begun; /* the subvolume that is filled is ours */
	struct lb_tree_report report;
};

static int unpack(struct import *i, int dir)
{
	static const struct lb_tree_limits limits = {0};

	if (lseek(i->archive, 0, SEEK_SET) != 0)
		return LB_E(IO);
	return lb_tree_unpack(i->archive, dir, &limits, &i->report);
}

/* The archive may lie on a share or a stick that answers no more: nobody waits for that but who
 * imports. */
static int fill(void *ctx, const char *name)
{
	struct import *i = ctx;
	struct lb_snapshot_session *s = i->s;
	CLEANUP(lb_fd_closep) int dir = lb_btrfs_open_subvolume(&s->fs, name);
	int rc = dir < 0 ? dir : lb_btrfs_hold(dir), locked;

	i->begun = true;
	if (rc < 0)
		return rc;
	lb_btrfs_unlock(&s->fs);
	rc = unpack(i, dir);
	if (rc == 0)
		rc = s->plat.sync(s->plat.ctx);
	locked = lb_btrfs_lock(&s->fs, true, true);
	if (locked == 0)
		locked = lb_snapshots_load(&s->plat, &s->set);
	return rc < 0 ? rc : locked;
}

/* An exit code. `info` NULL: the factory state. */
static int import(struct lb_snapshot_session *s, int archive, const char *file,
		  const struct lb_snapshot_info *info, uint32_t *number)
{
	struct import i = {.s = s, .archive = archive};
	int rc = lb_snapshots_import(&s->plat, &s->set, info, fill, &i, number);

	if (rc == 0)
		return LB_EXIT_OK;
	if (i.report.why[0])
		log_err("%s was not imported, and all is as it was: it %s", file, i.report.why);
	else if (rc == LB_E(EXIST) && !i.begun && s->plat.held(s->plat.ctx, LB_SNAPSHOT_FILL) == 1)
		log_err("%s was not imported: another import is under way; wait for it, or end it",
			file);
	else if (rc == LB_E(EXIST) && !i.begun)
		log_err("%s was not imported: " LB_SNAPSHOT_FILL
			" is in the way beside the snapshots, and is no import: rename or delete it",
			file);
	else
		log_err("%s was not imported: the file system %s", file, lb_snapshot_why(rc));
	return rc == LB_E(FORMAT) || rc == LB_E(CRC) || rc == LB_E(TRUNC) || rc == LB_E(AUTH) ||
			       rc == LB_E(EXIST)
		       ? LB_EXIT_NO
		       : LB_EXIT_SYSTEM;
}

static int open_archive(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		log_err("%s cannot be opened: %s", file, strerror(errno));
	return fd;
}

/* --- a snapshot */

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* Both files by the name of one of them. */
static bool make_pair(const char *given, char archive[LB_PATH_MAX], char info[LB_PATH_MAX])
{
	static const char *const ends[] = {".info", ".tar.gz"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(given, ends[i]) && strlen(given) + 8 < LB_PATH_MAX) {
			const int n = (int)(strlen(given) - strlen(ends[i]));

			(void)snprintf(info, LB_PATH_MAX, "%.*s%s", n, given, ends[0]);
			(void)snprintf(archive, LB_PATH_MAX, "%.*s%s", n, given, ends[1]);
			return true;
		}
	return false;
}

/* 0, LB_E(NOENT) there is no such file, LB_E(FORMAT) it says nothing. */
static int read_info(const char *file, struct lb_snapshot_info *out)
{
	CLEANUP(lb_fd_closep) int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char text[LB_SNAPSHOT_INFO_MAX];
	ssize_t n;

	if (fd < 0)
		return lb_err_from_errno(errno);
	n = read(fd, text, sizeof(text));
	return n < 0 ? lb_err_from_errno(errno) : lb_snapshot_info_parse(out, text, (size_t)n);
}

static int find_info(const char *file, bool must, const char *archive, struct lb_snapshot_info *out)
{
	const char *slash = strrchr(archive, '/');
	char text[LB_PATH_MAX + 32];
	int rc = read_info(file, out);

	if (rc < 0 && (must || rc != LB_E(NOENT))) {
		log_err("%s: the file %s", file,
			rc == LB_E(FORMAT) ? "is no .info of a snapshot: it says no TYPE"
					   : lb_strerror(rc));
		return LB_EXIT_NO;
	}
	if (rc < 0) {
		(void)snprintf(text, sizeof(text), "Imported from %s", slash ? slash + 1 : archive);
		(void)lb_snapshot_filter(out->description, text);
	}
	if (!out->created[0])
		lb_snapshot_date(out->created);
	/* A number that it was rolled back to is another one here, and nobody waits for a commit.
	 */
	if (!lb_snapshot_type_is_given(out->type) || out->type == LB_SNAPSHOT_SAVE)
		out->type = LB_SNAPSHOT_SINGLE;
	out->roll_to = 0;
	out->forget = LB_FORGET_NOTHING;
	out->wait_minutes = 0;
	return LB_EXIT_OK;
}

static int import_snapshot(struct lb_snapshot_session *s, const char *given)
{
	char file[LB_PATH_MAX], info_file[LB_PATH_MAX];
	struct lb_snapshot_info info = {0};
	CLEANUP(lb_fd_closep) int archive = -1;
	uint32_t number = 0;
	int code;

	if (!make_pair(given, file, info_file))
		return lb_snapshot_usage("import takes FILE.info, with FILE.tar.gz beside it, not ",
					 given);
	code = find_info(info_file, ends_with(given, ".info"), file, &info);
	if (code != LB_EXIT_OK)
		return code;
	archive = open_archive(file);
	if (archive < 0)
		return LB_EXIT_NO;
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	if (code == LB_EXIT_OK)
		code = import(s, archive, file, &info, &number);
	if (code == LB_EXIT_OK)
		(void)printf("Snapshot number %u imported\n", number);
	return code;
}

/* --- the factory state */

static uint64_t free_bytes(int top)
{
	struct statvfs fs;

	return fstatvfs(top, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
}

static int check_medkit(const struct lb_snapshot_session *s, const char *file, int fd,
			const char *board_file, enum lb_door door)
{
	static struct lb_board board;
	const char *slash = strrchr(file, '/');
	char folder[LB_PATH_MAX] = ".", why[LB_SENTENCE_MAX];
	struct lb_medkit_report report;
	const struct lb_medkit_ask ask = {.board = &board,
					  .fd = fd,
					  .name = slash ? slash + 1 : file,
					  .companions = folder,
					  .door = door,
					  .room_bytes = free_bytes(s->fs.top)};

	if (slash)
		(void)snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - file), file);
	if (!board_file) {
		lb_board_for_this_machine(&board, NULL);
	} else if (lb_board_load(&board, board_file, why) < 0) {
		log_err("%s", why);
		return LB_EXIT_NO;
	}
	if (lb_medkit_check(&report, &ask) == 0)
		return LB_EXIT_OK;
	log_err("the factory state stays as it is: %s", report.why);
	return LB_EXIT_NO;
}

static int import_factory(struct lb_snapshot_session *s, const char *file, const char *board,
			  enum lb_door door)
{
	CLEANUP(lb_fd_closep) int archive = open_archive(file);
	uint32_t number;
	int code;

	if (archive < 0)
		return LB_EXIT_NO;
	code = lb_snapshot_open(s, LB_SNAPSHOT_LOOK);
	if (code == LB_EXIT_OK) {
		lb_btrfs_unlock(&s->fs); /* all of the medkit is read */
		code = check_medkit(s, file, archive, board, door);
	}
	if (code == LB_EXIT_OK)
		code = lb_snapshot_lock(s, LB_SNAPSHOT_CHANGE);
	if (code == LB_EXIT_OK)
		code = import(s, archive, file, NULL, &number);
	if (code == LB_EXIT_OK)
		(void)puts("Factory state imported");
	return code;
}

/* What came from an address: it lies in RAM, where nothing may be left of it. */
static struct fetched {
	char folder[sizeof(FETCH_DIR)], file[LB_PATH_MAX], signature[LB_PATH_MAX + 8];
	volatile pid_t pid; /* of "lifeboat fetch" while it runs */
} fetched;

static void throw_away(void)
{
	(void)unlink(fetched.file);
	(void)unlink(fetched.signature);
	(void)rmdir(fetched.folder);
}

static void leave(int number)
{
	if (fetched.pid > 0) {
		(void)kill(fetched.pid, SIGTERM); /* it clears up after itself */
		(void)waitpid(fetched.pid, NULL, 0);
	}
	throw_away();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void run_fetch(const char *url, const char *board)
{
	if (board)
		(void)execl("/proc/self/exe", "lifeboat", "fetch", "--board", board, url,
			    fetched.file, (char *)NULL);
	else
		(void)execl("/proc/self/exe", "lifeboat", "fetch", url, fetched.file, (char *)NULL);
	_exit(LB_EXIT_SYSTEM);
}

/* "lifeboat fetch" asks for a signature, and keeps nothing that this board would not take. Why it
 * did not is in its sentence: its finer exit codes mean other things here. */
static int fetch(const char *url, const char *board)
{
	const bool in_background = is_ignored(SIGINT), without_line = is_ignored(SIGHUP);
	sigset_t all, before;
	int status = 0;
	pid_t pid;

	/* Whoever ends us now has to know of whom. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = lb_fork();
	if (pid == 0) {
		(void)signal(SIGINT, in_background ? SIG_IGN : SIG_DFL);
		(void)signal(SIGHUP, without_line ? SIG_IGN : SIG_DFL);
		run_fetch(url, board);
	}
	fetched.pid = pid;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	fetched.pid = 0;
	if (pid < 0 || !WIFEXITED(status))
		return LB_EXIT_SYSTEM;
	return WEXITSTATUS(status) < LB_EXIT_USAGE && WEXITSTATUS(status) ? LB_EXIT_NO
									  : WEXITSTATUS(status);
}

static int import_url(struct lb_snapshot_session *s, const char *url, const char *board)
{
	char name[LB_PATH_MAX];
	int code;

	lb_url_name(url, name);
	(void)strcpy(fetched.folder, FETCH_DIR);
	lb_when_ended(leave);
	if (!mkdtemp(fetched.folder)) {
		log_err("%s cannot be made: %s", fetched.folder, strerror(errno));
		return LB_EXIT_SYSTEM;
	}
	if (!name[0] || snprintf(fetched.file, sizeof(fetched.file), "%s/%s", fetched.folder,
				 name) > LB_PATH_MAX - 16) {
		code = lb_snapshot_usage("the address does not end with the name of a medkit: ",
					 url);
	} else {
		(void)snprintf(fetched.signature, sizeof(fetched.signature), "%s.sig",
			       fetched.file);
		code = fetch(url, board);
		if (code == LB_EXIT_OK)
			code = import_factory(s, fetched.file, board, LB_DOOR_NETWORK);
	}
	throw_away();
	return code;
}

int lb_snapshot_import(struct lb_snapshot_session *s, int argc, char **argv)
{
	const char *what = NULL, *board = NULL;
	bool factory = false;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-f") == 0)
			factory = true;
		else if (strcmp(argv[i], "--board") == 0 && i + 1 < argc)
			board = argv[++i];
		else if (argv[i][0] == '-' || what)
			return lb_snapshot_usage("import takes one file, not ", argv[i]);
		else
			what = argv[i];
	if (!what)
		return lb_snapshot_usage(
			"import takes FILE.info, or -f and a medkit or its https address", "");
	if (!factory)
		return import_snapshot(s, what);
	if (strncmp(what, "https://", 8) == 0)
		return import_url(s, what, board);
	if (strncmp(what, "file://", 7) == 0)
		what += 7;
	if (strstr(what, "://"))
		return lb_snapshot_usage("an address has to start with https:// or file://: ",
					 what);
	return import_factory(s, what, board, LB_DOOR_COMMAND);
}

int lb_snapshot_factory_version(struct lb_snapshot_session *s, int argc, char **argv)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT};
	CLEANUP(lb_fd_closep) int tree = -1, fd = -1;
	char text[LB_NAME_MAX] = "";
	ssize_t n = 0;
	int code = argc > 1 ? lb_snapshot_usage("factory-version does not know ", argv[1])
			    : lb_snapshot_open(s, LB_SNAPSHOT_LOOK);

	if (code != LB_EXIT_OK)
		return code;
	if (s->set.factory)
		tree = lb_btrfs_open_subvolume(&s->fs, "@factory");
	if (tree >= 0)
		fd = (int)syscall(SYS_openat2, tree, "etc/turris-version", &how, sizeof(how));
	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	(void)puts(text[0] ? text : "0");
	return LB_EXIT_OK;
}
