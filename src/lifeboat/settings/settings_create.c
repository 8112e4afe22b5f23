#include "lifeboat/settings/settings_create.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/board_file.h"
#include "plat/linux/files/files.h"
#include "store/settings_write.h"

struct maker {
	struct lb_settings_writer *w;
	const struct lb_settings_wish *wish;
	struct stat out; /* the archive itself is left out */
	int (*take)(struct maker *m, int fd, const struct lb_member *member);
	char path[LB_MEMBER_PATH_MAX]; /* absolute, with the root in front */
	size_t strip;		       /* bytes of that root */
};

static int hash_file(int fd, struct lb_member *member)
{
	crypto_hash_sha256_state sum;
	uint8_t buf[4096];
	ssize_t got;

	(void)crypto_hash_sha256_init(&sum);
	while ((got = read(fd, buf, sizeof(buf))) > 0) {
		member->size_bytes += (uint64_t)got;
		(void)crypto_hash_sha256_update(&sum, buf, (size_t)got);
	}
	(void)crypto_hash_sha256_final(&sum, member->hash);
	return got < 0 ? lb_err_from_errno(errno) : 0;
}

static int declare(struct maker *m, int fd, const struct lb_member *member)
{
	struct lb_member hashed = *member;
	int rc;

	hashed.size_bytes = 0;
	rc = member->type == LB_MEMBER_FILE ? hash_file(fd, &hashed) : 0;
	return rc < 0 ? rc : lb_settings_declare(m->w, &hashed);
}

/* Exactly as much as the header says; what has changed since is found when it is read back. */
static int write_member(struct maker *m, int fd, const struct lb_member *member)
{
	uint64_t left = member->size_bytes;
	uint8_t buf[4096];
	int rc = lb_settings_write_member(m->w, member);

	while (rc == 0 && left > 0) {
		size_t want = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		ssize_t got = read(fd, buf, want);

		if (got <= 0)
			return got < 0 ? lb_err_from_errno(errno) : LB_E(TRUNC);
		rc = lb_settings_write_data(m->w, buf, (size_t)got);
		left -= (uint64_t)got;
	}
	return rc;
}

static int take_file(struct maker *m, int dir, const char *name, struct lb_member *member)
{
	CLEANUP(lb_fd_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return lb_err_from_errno(errno);
	member->size_bytes = (uint64_t)st.st_size;
	return m->take(m, fd, member);
}

static int take_link(struct maker *m, int dir, const char *name, struct lb_member *member)
{
	ssize_t n = readlinkat(dir, name, member->target, sizeof(member->target));

	if (n < 0)
		return lb_err_from_errno(errno);
	if (n == (ssize_t)sizeof(member->target))
		return LB_E(RANGE);
	member->target[n] = '\0';
	member->mode = 0777;
	return m->take(m, -1, member);
}

static int take(struct maker *m, int dir, const char *name);

static int take_dir(struct maker *m, int above, const char *name, const struct lb_member *member)
{
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(lb_dir_closep) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const size_t n = strlen(m->path);
	struct dirent *e;
	int rc;

	if (!d)
		return lb_err_from_errno(errno);
	rc = member->path[0] ? m->take(m, -1, member) : 0;
	while (rc == 0 && !m->wish->exact && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(m->path + n, sizeof(m->path) - n, "/%s", e->d_name) >=
		    (int)(sizeof(m->path) - n))
			return LB_E(RANGE);
		rc = take(m, dirfd(d), e->d_name);
		if (rc == 0)
			m->path[n] = '\0';
	}
	return rc;
}

static bool is_left_out(const struct maker *m, const struct stat *st, const char *path)
{
	return (st->st_dev == m->out.st_dev && st->st_ino == m->out.st_ino) ||
	       strcmp(path, LB_MANIFEST_PATH) == 0;
}

/* m->path is that of the entry. */
static int take(struct maker *m, int dir, const char *name)
{
	const char *path = m->path + m->strip;
	struct lb_member member = {0};
	struct stat st;
	int rc = lb_member_path(member.path, path + strspn(path, "/"));

	if (rc == LB_E(AUTH))
		return 0; /* what a restore makes itself */
	if (rc < 0)
		return rc;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return lb_err_from_errno(errno);
	if (is_left_out(m, &st, member.path))
		return 0;
	member.mode = st.st_mode & 07777;
	member.uid = st.st_uid;
	member.gid = st.st_gid;
	member.modified_s = st.st_mtime;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return take_file(m, dir, name, &member);
	case S_IFLNK:
		member.type = LB_MEMBER_LINK;
		return take_link(m, dir, name, &member);
	case S_IFDIR:
		member.type = LB_MEMBER_DIR;
		return take_dir(m, dir, name, &member);
	default:
		return 0;
	}
}

/* Once to be declared with its hash, once to be written. */
static int take_text(struct maker *m, const struct lb_settings_text *text)
{
	struct lb_member member = {.type = LB_MEMBER_FILE, .mode = text->mode};
	const size_t n = strlen(text->text);
	int rc = lb_member_path(member.path, text->path);

	if (rc < 0)
		return rc;
	member.size_bytes = n;
	if (m->take == declare) {
		(void)crypto_hash_sha256(member.hash, (const uint8_t *)text->text, n);
		return lb_settings_declare(m->w, &member);
	}
	rc = lb_settings_write_member(m->w, &member);
	return rc < 0 ? rc : lb_settings_write_data(m->w, text->text, n);
}

static int take_path(struct maker *m, const char *path)
{
	size_t n;
	int rc;

	if (path[0] != '/' || m->strip + strlen(path) >= sizeof(m->path)) {
		log_err("%s is no absolute path: write it from / on", path);
		return LB_E(FORMAT);
	}
	n = (size_t)snprintf(m->path, sizeof(m->path), "%s%s", m->wish->root, path);
	while (n > m->strip + 1 && m->path[n - 1] == '/')
		m->path[--n] = '\0';
	rc = take(m, AT_FDCWD, m->path);
	if (rc < 0)
		log_err("%s cannot be archived: it %s", m->path, lb_strerror(rc));
	return rc;
}

static int take_all(struct maker *m)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < m->wish->text_count; i++)
		rc = take_text(m, &m->wish->texts[i]);
	for (size_t i = 0; rc == 0 && i < m->wish->count; i++)
		rc = take_path(m, m->wish->paths[i]);
	return rc;
}

static int write_fd(void *ctx, const void *buf, size_t n)
{
	const int *fd = ctx;

	for (size_t done = 0; done < n;) {
		ssize_t more = write(*fd, (const char *)buf + done, n - done);

		if (more <= 0)
			return lb_err_from_errno(more < 0 ? errno : EIO);
		done += (size_t)more;
	}
	return 0;
}

int lb_settings_create_to(int fd, const struct lb_manifest *head,
			  const struct lb_settings_wish *wish)
{
	const struct lb_settings_sink sink = {.ctx = &fd, .write = write_fd};
	CLEANUP(lb_settings_write_closep) struct lb_settings_writer *w = NULL;
	struct maker m = {.wish = wish, .take = declare, .strip = strlen(wish->root)};
	int rc = lb_settings_write_begin(&w, &sink);

	if (rc == 0 && fstat(fd, &m.out) < 0)
		rc = lb_err_from_errno(errno);
	m.w = w;
	if (rc == 0)
		rc = take_all(&m);
	if (rc == 0)
		rc = lb_settings_write_manifest(w, head);
	m.take = write_member;
	if (rc == 0)
		rc = take_all(&m);
	return rc == 0 ? lb_settings_write_end(w) : rc;
}

/* A new name lasts when its directory was synced. */
static int sync_above(const char *file)
{
	const char *slash = strrchr(file, '/');
	char dir[LB_PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - file) + 1 : 1,
		       slash ? file : ".");
	CLEANUP(lb_fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems have no such thing as a directory that can be synced. */
	return fd < 0 || (fsync(fd) < 0 && errno != EINVAL) ? lb_err_from_errno(errno) : 0;
}

int lb_settings_create(const char *file, const struct lb_manifest *head,
		       const struct lb_settings_wish *wish)
{
	char beside[LB_PATH_MAX];
	int rc;

	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", file) >= (int)sizeof(beside))
		return LB_E(NOSPC);
	CLEANUP(lb_fd_closep) int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		rc = lb_err_from_errno(errno);
		log_err("%s cannot be written: it %s", file, lb_strerror(rc));
		return rc;
	}
	rc = lb_settings_create_to(fd, head, wish);
	if (rc == 0 && fsync(fd) < 0)
		rc = lb_err_from_errno(errno);
	if (rc == 0 && wish->check)
		rc = wish->check(wish->check_ctx, beside);
	if (rc == 0 && rename(beside, file) < 0)
		rc = lb_err_from_errno(errno);
	if (rc == 0)
		rc = sync_above(file);
	if (rc < 0) {
		(void)unlink(beside);
		log_err("%s was not made: it %s", file, lb_strerror(rc));
	}
	return rc;
}

/* Name and version for people, of os-release(5). */
static void system_name(const char *root, char *out, size_t size)
{
	static const char key[] = "PRETTY_NAME=";
	char path[LB_PATH_MAX], text[4096], *at, *end;

	(void)snprintf(out, size, "unknown");
	(void)snprintf(path, sizeof(path), "%s/etc/os-release", root);
	if (lb_file_read(path, text, sizeof(text)) < 0)
		return;
	at = strstr(text, key);
	if (!at)
		return;
	at += sizeof(key) - 1;
	at += strspn(at, "\"'");
	end = at + strcspn(at, "\"'\n");
	*end = '\0';
	if (*at)
		(void)snprintf(out, size, "%s", at);
}

void lb_settings_head(struct lb_manifest *out, const char *root)
{
	static struct lb_board board;
	const time_t now = time(NULL);
	char path[LB_PATH_MAX];
	struct tm tm;

	*out = (struct lb_manifest){0};
	(void)snprintf(path, sizeof(path), "%s" LB_BOARD_FILE, root);
	if (root[0]) {
		lb_board_defaults(&board);
		if (lb_board_load(&board, path, NULL) < 0)
			lb_board_defaults(&board);
	} else {
		lb_board_for_this_machine(&board, NULL);
	}
	(void)snprintf(out->board, sizeof(out->board), "%s", board.id);
	system_name(root, out->system, sizeof(out->system));
	if (gmtime_r(&now, &tm))
		(void)strftime(out->date, sizeof(out->date), "%Y-%m-%dT%H:%M:%SZ", &tm);
}
