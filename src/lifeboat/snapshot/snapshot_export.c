/* "lifeboat snapshot export": a state as a medkit, which another router's rescue mode and "import"
 * take. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "install/tree_pack.h"
#include "lifeboat/board_file.h"
#include "lifeboat/snapshot/snapshot.h"
#include "tables/tables.h"

/* schnapps's names: lists of what is left out, and what is put on top. */
#define EXCLUDE_DIR "/etc/schnapps/export-exclude.d"
#define OVERLAY_DIR "/etc/schnapps/export-overlay"

#define WORDS_MAX   (2 * LB_NAME_MAX + 64 + 32) /* B-medkit-HOST-X */

static struct excludes {
	char text[32768]; /* one pattern after the other, each with its end */
	size_t used;
} excludes;

/* As tar -X: blanks at the end of a line are none of the pattern. */
static int add_pattern(struct excludes *x, const char *line)
{
	size_t n = strlen(line);

	while (n > 0 && strchr(" \t\r\n\v\f", line[n - 1]))
		n--;
	if (n == 0)
		return 0;
	if (x->used + n + 1 > sizeof(x->text))
		return LB_E(RANGE);
	memcpy(x->text + x->used, line, n);
	x->text[x->used + n] = '\0';
	x->used += n + 1;
	return 0;
}

static int read_list(struct excludes *x, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	CLEANUP(lb_file_closep) FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	CLEANUP(lb_freep) char *line = NULL;
	size_t size = 0;
	int rc = 0;

	if (!f)
		return lb_err_from_errno(errno);
	while (rc == 0 && getline(&line, &size, f) > 0)
		rc = add_pattern(x, line);
	return rc == 0 && ferror(f) ? LB_E(IO) : rc;
}

/* errno says why. */
static int fail_lists(void)
{
	log_err(EXCLUDE_DIR
		", the lists of what is not exported, cannot be read: %s: nothing is exported",
		strerror(errno));
	return LB_E(IO);
}

/* What somebody wants left out never goes out because a list cannot be read. */
static int read_excludes(struct excludes *x)
{
	CLEANUP(lb_dir_closep) DIR *dir = opendir(EXCLUDE_DIR);
	struct dirent *d;

	x->used = 0;
	if (!dir)
		return errno == ENOENT ? 0 : fail_lists();
	while (errno = 0, (d = readdir(dir))) {
		int rc = d->d_name[0] == '.' ? 0 : read_list(x, dirfd(dir), d->d_name);

		if (rc < 0) {
			log_err(EXCLUDE_DIR
				"/%s, a list of what is not exported, %s: nothing is exported",
				d->d_name, lb_strerror(rc));
			return rc;
		}
	}
	return errno ? fail_lists() : 0;
}

/* -1: there is none. */
static int open_on_top(int *fd)
{
	*fd = open(OVERLAY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0 || errno == ENOENT)
		return 0;
	log_err(OVERLAY_DIR ", which comes on top, cannot be opened: %s: nothing is exported",
		strerror(errno));
	return LB_E(IO);
}

/* As tar -X: a pattern means a whole path, or the end of one. */
static bool is_excluded(void *ctx, const char *path)
{
	const struct excludes *x = ctx;

	for (size_t at = 0; at < x->used; at += strlen(x->text + at) + 1)
		for (const char *rest = path; rest; rest = strchr(rest, '/')) {
			rest += *rest == '/';
			if (fnmatch(x->text + at, rest, 0) == 0)
				return true;
		}
	return false;
}

/* A state that nobody changes meanwhile; who only looks need not wait for us. */
static int freeze(struct lb_snapshot_session *s)
{
	const struct plat_snapshots *p = &s->plat;
	uint64_t id;
	int rc;

	do {
		rc = lb_btrfs_lock(&s->fs, true, true);
		if (rc == 0)
			rc = lb_snapshots_resume(p, &s->set);
		if (rc >= 0)
			rc = p->copy(p->ctx, LB_SNAPSHOT_ROOT, LB_SNAPSHOT_EXPORT, true);
		/* Somebody who waits may come in here, and clear it away as a leftover. */
		if (rc == 0)
			rc = lb_btrfs_lock(&s->fs, false, true);
		if (rc == 0)
			rc = p->id(p->ctx, LB_SNAPSHOT_EXPORT, &id);
	} while (rc == LB_E(NOENT));
	return rc;
}

static int pack_tree(struct lb_tree_pack *p, const struct lb_snapshot_session *s, const char *name,
		     int on_top)
{
	CLEANUP(lb_fd_closep) int tree = lb_btrfs_open_subvolume(&s->fs, name);
	const struct lb_tree_pack_ask all = {0}, some = {.skip = is_excluded,
							 .ctx = &excludes,
							 .on_top = on_top < 0 ? NULL : &on_top};
	int rc = tree < 0 ? tree : lb_tree_pack_add(p, tree, &some);

	if (rc == 0 && on_top >= 0)
		rc = lb_tree_pack_add(p, on_top, &all);
	return rc < 0 ? rc : lb_tree_pack_end(p);
}

/* An exit code. */
static int pack(const struct lb_snapshot_session *s, const char *name, int to)
{
	CLEANUP(lb_tree_pack_closep) struct lb_tree_pack *p = NULL;
	CLEANUP(lb_fd_closep) int on_top = -1;
	struct lb_tree_pack_report report;
	int rc;

	if (open_on_top(&on_top) < 0)
		return LB_EXIT_SYSTEM;
	rc = lb_tree_pack_begin(&p, to, &report);
	if (rc == 0)
		rc = pack_tree(p, s, name, on_top);
	if (rc == 0)
		return LB_EXIT_OK;
	if (report.why[0])
		log_err("nothing was exported: %s", report.why);
	else
		log_err("nothing was exported: %s %s", name, lb_strerror(rc));
	return LB_EXIT_SYSTEM;
}

/* --- into a directory */

/* What may stand in the name of a medkit and of a file on any stick. */
static void plain_word(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] && n + 1 < size; n++)
		out[n] = (text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'z') ||
					 (text[n] >= 'A' && text[n] <= 'Z') || text[n] == '_' ||
					 text[n] == '-'
				 ? text[n]
				 : '_';
	out[n] = '\0';
}

/* "mox-medkit-turris-3": the board by the name that its medkits have. */
static void make_words(char out[WORDS_MAX], uint32_t number)
{
	static struct lb_board board;
	char name[LB_NAME_MAX] = "schnapps", host[65] = "", plain[65];
	char which[LB_SNAPSHOT_NAME_MAX];
	time_t now = time(NULL);
	struct tm tm;

	lb_board_for_this_machine(&board, NULL);
	if (board.image_name_count > 0)
		plain_word(name, sizeof(name), board.image_names[0]);
	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
		(void)strcpy(host, "router");
	plain_word(plain, sizeof(plain), host);
	lb_snapshot_word(number, which);
	if (number == LB_SNAPSHOT_CURRENT && localtime_r(&now, &tm))
		(void)strftime(which, sizeof(which), "%Y%m%d", &tm);
	(void)snprintf(out, WORDS_MAX, "%s-medkit-%s-%s", name, plain, which);
}

static int fail_file(const char *folder, const char *name)
{
	const int err = errno;

	log_err("nothing was exported: %s/%s: %s", folder, name, strerror(err));
	return LB_EXIT_SYSTEM;
}

/* For import: what is known of it. The factory state has none. */
static int write_info(const struct lb_snapshot_session *s, uint32_t number, int dir,
		      const char *file)
{
	struct lb_snapshot_info info = {0};
	char text[LB_SNAPSHOT_INFO_MAX];
	CLEANUP(lb_fd_closep) int fd = -1;
	ssize_t n, written;
	int err;

	if (lb_snapshots_info(&s->plat, number, &info) < 0)
		lb_snapshot_date(info.created);
	n = (ssize_t)lb_snapshot_info_format(text, &info);
	fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	written = write(fd, text, (size_t)n);
	if (written == n && fsync(fd) == 0)
		return 0;
	err = written >= 0 && written < n ? ENOSPC : errno;
	(void)unlinkat(dir, file, 0);
	errno = err;
	return -1;
}

/* Under another name until it is whole, and on the disk. It holds what only root may read. */
static int export_to(const struct lb_snapshot_session *s, uint32_t number, const char *subvolume,
		     const char *folder)
{
	CLEANUP(lb_fd_closep) int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char words[WORDS_MAX], file[WORDS_MAX + 8], part[WORDS_MAX + 16], info[WORDS_MAX + 8];
	CLEANUP(lb_fd_closep) int to = -1;
	int code;

	make_words(words, number);
	(void)snprintf(file, sizeof(file), "%s.tar.gz", words);
	(void)snprintf(part, sizeof(part), ".%s.part", file);
	(void)snprintf(info, sizeof(info), "%s.info", words);
	if (dir < 0)
		return fail_file(folder, "");
	(void)unlinkat(dir, part, 0);
	to = openat(dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return fail_file(folder, part);
	code = pack(s, subvolume, to);
	if (code == LB_EXIT_OK &&
	    (fsync(to) < 0 ||
	     (number != LB_SNAPSHOT_CURRENT && number != LB_SNAPSHOT_FACTORY &&
	      write_info(s, number, dir, info) < 0) ||
	     renameat(dir, part, dir, file) < 0 || fsync(dir) < 0))
		code = fail_file(folder, file);
	if (code != LB_EXIT_OK) {
		(void)unlinkat(dir, part, 0);
		return code;
	}
	lb_snapshot_word(number, part);
	(void)fprintf(stderr, "Snapshot %s was exported into %s as %s\n", part, folder, file);
	return LB_EXIT_OK;
}

static int export(struct lb_snapshot_session *s, uint32_t number, const char *folder)
{
	/* What nobody can change needs no copy. */
	const bool frozen = number == LB_SNAPSHOT_CURRENT && !s->fs.read_only;
	char name[LB_SNAPSHOT_NAME_MAX] = LB_SNAPSHOT_EXPORT;
	int code, rc;

	if (frozen) {
		rc = freeze(s);
		if (rc < 0) {
			log_err("nothing was exported: the current state cannot be held as it is: the file "
				"system %s",
				lb_snapshot_why(rc));
			return LB_EXIT_SYSTEM;
		}
	} else {
		lb_snapshot_name(number, name);
	}
	code = strcmp(folder, "-") == 0 ? pack(s, name, STDOUT_FILENO)
					: export_to(s, number, name, folder);
	rc = frozen ? s->plat.drop(s->plat.ctx, LB_SNAPSHOT_EXPORT, true) : 0;
	if (rc < 0)
		log_warn("the copy of the current state, " LB_SNAPSHOT_EXPORT
			 ", stays until the next command: the file system %s",
			 lb_strerror(rc));
	return code;
}

int lb_snapshot_export(struct lb_snapshot_session *s, int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[argc - 1] : "";
	uint32_t number = LB_SNAPSHOT_CURRENT;
	int code;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-c") == 0)
			return lb_snapshot_usage(
				"export does not encrypt: write 'export N - | gpg -c', not ",
				argv[i]);
	if (argc < 2 || argc > 3 || (argc == 3 && lb_snapshot_parse_word(&number, argv[1]) < 0))
		return lb_snapshot_usage(
			"export takes a number, 'factory' or 'current', and a directory or -", "");
	if (strcmp(folder, "-") == 0 && isatty(STDOUT_FILENO))
		return lb_snapshot_usage("an archive is nothing for a terminal: name a directory, "
					 "or let - go into a file",
					 "");
	code = lb_snapshot_open(s, LB_SNAPSHOT_LOOK);
	if (code == LB_EXIT_OK && !lb_snapshot_exists(s, number))
		code = LB_EXIT_NO;
	if (code == LB_EXIT_OK && read_excludes(&excludes) < 0)
		code = LB_EXIT_SYSTEM;
	return code == LB_EXIT_OK ? export(s, number, folder) : code;
}
