/* "lifeboat snapshot cmp", "diff" and "cleanup": what is in snapshots. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/board_file.h"
#include "lifeboat/snapshot/snapshot.h"
#include "plan/uci.h"
#include "plat/linux/files/files.h"
#include "plat/linux/files/treecmp.h"
#include "plat/linux/machine/proc.h"
#include "tables/tables.h"

#define CONFIG "/etc/config/schnapps"

struct pair {
	uint32_t a, b;
	const char *path; /* "/..." */
};

/* [A] [B] [PATH]: without A the newest one, without B what is now. */
static int parse_pair(struct lb_snapshot_session *s, int argc, char **argv, struct pair *p)
{
	bool first = false;
	int code;

	*p = (struct pair){.path = "/"};
	for (int i = 1; i < argc; i++) {
		uint32_t *number = first ? &p->b : &p->a;

		if (argv[i][0] == '/') {
			p->path = argv[i];
		} else if (lb_snapshot_parse_word(number, argv[i]) < 0 || i > 2) {
			return lb_snapshot_usage("no snapshot and no path: ", argv[i]);
		} else {
			first = true;
		}
	}
	code = lb_snapshot_open(s, LB_SNAPSHOT_LOOK);
	if (code == LB_EXIT_OK && !first)
		p->a = s->set.count > 0 ? s->set.all[s->set.count - 1].number : LB_SNAPSHOT_FACTORY;
	return code;
}

/* A directory of a snapshot, whatever links are in it. */
static int open_dir(const struct lb_snapshot_session *s, uint32_t number, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT};
	char name[LB_SNAPSHOT_NAME_MAX];
	long fd;

	lb_snapshot_name(number, name);
	CLEANUP(lb_fd_closep) int top = lb_btrfs_open_subvolume(&s->fs, name);
	if (top < 0)
		return top;
	fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
	return fd < 0 ? lb_err_from_errno(errno) : (int)fd;
}

static void print_found(void *ctx, char how, const char *path)
{
	(void)printf(" %c %s\n", how, path);
}

int lb_snapshot_cmp(struct lb_snapshot_session *s, int argc, char **argv)
{
	struct pair p;
	int code = parse_pair(s, argc, argv, &p), rc;

	if (code != LB_EXIT_OK)
		return code;
	if (!lb_snapshot_exists(s, p.a) || !lb_snapshot_exists(s, p.b))
		return LB_EXIT_NO;
	CLEANUP(lb_fd_closep) int a = open_dir(s, p.a, p.path);
	CLEANUP(lb_fd_closep) int b = open_dir(s, p.b, p.path);
	if (a < 0 && b < 0) {
		log_err("%s is a directory in neither of the two", p.path);
		return LB_EXIT_NO;
	}
	rc = lb_treecmp(a, b, p.path, print_found, NULL);
	if (rc >= 0)
		return LB_EXIT_OK;
	log_err("not all can be compared: a file %s", lb_strerror(rc));
	return LB_EXIT_SYSTEM;
}

/* In the child: names of the snapshots stand before the paths, as diff prints them. */
static _Noreturn void run_diff(const struct lb_snapshot_session *s, const struct pair *p)
{
	static char a[LB_PATH_MAX * 2], b[LB_PATH_MAX * 2];
	char path[LB_PATH_MAX], name[LB_SNAPSHOT_NAME_MAX];

	lb_snapshot_name(p->a, name);
	(void)snprintf(a, sizeof(a), "%s%s", name, p->path);
	lb_snapshot_name(p->b, name);
	(void)snprintf(b, sizeof(b), "%s%s", name, p->path);
	if (lb_program_find("diff", path, sizeof(path)) < 0)
		log_err("there is no program diff on this system: install it, or use cmp");
	else if (fchdir(s->fs.top) == 0)
		(void)execl(path, "diff", "-Nru", a, b, (char *)NULL);
	_exit(LB_EXIT_SYSTEM);
}

int lb_snapshot_diff(struct lb_snapshot_session *s, int argc, char **argv)
{
	struct pair p;
	int code = parse_pair(s, argc, argv, &p);
	int status = 0;
	pid_t pid;

	if (code != LB_EXIT_OK)
		return code;
	if (!lb_snapshot_exists(s, p.a) || !lb_snapshot_exists(s, p.b))
		return LB_SNAPSHOT_NO_TREE;
	pid = lb_fork();
	if (pid == 0)
		run_diff(s, &p);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : LB_EXIT_SYSTEM;
}

/* --- cleanup */

static int to_limit(const char *text)
{
	int n = 0;
	size_t i = 0;

	for (; text[i] >= '0' && text[i] <= '9' && i < 6; i++)
		n = n * 10 + (text[i] - '0');
	return i > 0 && !text[i] ? n : -1;
}

static void keep_all(struct lb_snapshot_limits *l)
{
	*l = (struct lb_snapshot_limits){-1, -1, -1, -1};
}

/* The router's own file; `keep` and the others are its presets. Where there is one that does not
 * say what its owner wanted to keep, nothing is deleted. */
static void read_limits(struct lb_snapshot_limits *l, int keep)
{
	const struct {
		const char *name;
		int *limit;
	} options[] = {{"max_single", &l->single},
		       {"max_time", &l->time},
		       {"max_updater", &l->update},
		       {"max_rollback", &l->rollback}};
	static char text[8192];
	bool here = false;
	struct lb_uci_item item;
	struct lb_uci u;
	int n = lb_file_read(CONFIG, text, sizeof(text));

	*l = (struct lb_snapshot_limits){.single = -1, .time = keep, .update = keep, .rollback = 3};
	if (n == LB_E(NOENT))
		return;
	if (n < 0) {
		log_warn(CONFIG " %s; nothing is deleted by number", lb_strerror(n));
		keep_all(l);
		return;
	}
	lb_uci_begin(&u, text, (size_t)n);
	while ((n = lb_uci_next(&u, &item)) > 0) {
		if (item.kind == LB_UCI_CONFIG)
			here = strcmp(item.value, "keep") == 0 || strcmp(item.name, "keep") == 0;
		for (size_t i = 0; here && i < sizeof(options) / sizeof(options[0]); i++)
			if (item.kind == LB_UCI_OPTION && strcmp(item.name, options[i].name) == 0)
				*options[i].limit = to_limit(item.value);
	}
	if (n < 0) {
		log_warn(CONFIG ":%u: %s; nothing is deleted by number", u.wrong_line, u.wrong);
		keep_all(l);
	}
}

/* Is it the same as the next one? */
static bool is_double(const struct lb_snapshot_session *s, size_t at)
{
	CLEANUP(lb_fd_closep) int a = open_dir(s, s->set.all[at].number, "/");
	CLEANUP(lb_fd_closep) int b = open_dir(s, s->set.all[at + 1].number, "/");

	return a >= 0 && b >= 0 && lb_treecmp(a, b, "/", NULL, NULL) == 0;
}

static size_t mark_doubles(const struct lb_snapshot_session *s, bool *doomed)
{
	size_t count = 0;

	for (size_t i = 0; i < s->set.count; i++)
		doomed[i] = false;
	for (size_t i = 0; i + 1 < s->set.count; i++) {
		doomed[i] = s->set.all[i].type != LB_SNAPSHOT_SAVE && is_double(s, i);
		count += doomed[i];
	}
	return count;
}

/* From the newest to the oldest, as the places of those before stay what they are. */
static int delete_doomed(struct lb_snapshot_session *s, const bool *doomed)
{
	int code = LB_EXIT_OK;

	for (size_t i = s->set.count; i-- > 0;)
		if (doomed[i]) {
			int one = lb_snapshot_delete_one(s, s->set.all[i].number, false);

			code = one > code ? one : code;
		}
	return code;
}

int lb_snapshot_retain(struct lb_snapshot_session *s, unsigned keep)
{
	static bool doomed[LB_SNAPSHOTS_MAX];
	struct lb_snapshot_limits limits;

	read_limits(&limits, (int)keep);
	return lb_snapshot_retention(&s->set, &limits, doomed) > 0 ? delete_doomed(s, doomed)
								   : LB_EXIT_OK;
}

int lb_snapshot_cleanup(struct lb_snapshot_session *s, int argc, char **argv)
{
	static bool doomed[LB_SNAPSHOTS_MAX];
	static struct lb_board board;
	bool compare = false;
	int code, one;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") != 0 && strcmp(argv[i], "--compare") != 0)
			return lb_snapshot_usage("cleanup does not know ", argv[i]);
		compare = true;
	}
	code = lb_snapshot_open(s, LB_SNAPSHOT_FREE);
	if (code != LB_EXIT_OK)
		return code;
	if (compare && mark_doubles(s, doomed) > 0)
		code = delete_doomed(s, doomed);
	lb_board_for_this_machine(&board, NULL);
	one = lb_snapshot_retain(s, board.snapshot_keep);
	return one > code ? one : code;
}
