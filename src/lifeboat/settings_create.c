#include "lifeboat/settings_create.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/settings_write.h"

struct maker {
	struct lb_settings_writer *w;
	struct stat out; /* the archive itself is left out */
	int (*take)(struct maker *m, int fd, const struct lb_member *member);
	char path[LB_MEMBER_PATH_MAX]; /* absolute */
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
	while (rc == 0 && (e = readdir(d))) {
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
	struct lb_member member = {0};
	struct stat st;
	int rc = lb_member_path(member.path, m->path + strspn(m->path, "/"));

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

static int take_all(struct maker *m, char *const paths[], int count)
{
	for (int i = 0; i < count; i++) {
		int rc;

		if (paths[i][0] != '/' || strlen(paths[i]) >= sizeof(m->path)) {
			log_err("%s is no absolute path: write it from / on", paths[i]);
			return LB_E(FORMAT);
		}
		(void)strcpy(m->path, paths[i]);
		for (size_t n = strlen(m->path); n > 1 && m->path[n - 1] == '/';)
			m->path[--n] = '\0';
		rc = take(m, AT_FDCWD, m->path);
		if (rc < 0) {
			log_err("%s cannot be archived: it %s", m->path, lb_strerror(rc));
			return rc;
		}
	}
	return 0;
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

static int fill(int fd, const struct lb_manifest *head, char *const paths[], int count)
{
	const struct lb_settings_sink sink = {.ctx = &fd, .write = write_fd};
	CLEANUP(lb_settings_write_closep) struct lb_settings_writer *w = NULL;
	struct maker m = {.take = declare};
	int rc = lb_settings_write_begin(&w, &sink);

	if (rc == 0 && fstat(fd, &m.out) < 0)
		rc = lb_err_from_errno(errno);
	m.w = w;
	if (rc == 0)
		rc = take_all(&m, paths, count);
	if (rc == 0)
		rc = lb_settings_write_manifest(w, head);
	m.take = write_member;
	if (rc == 0)
		rc = take_all(&m, paths, count);
	if (rc == 0)
		rc = lb_settings_write_end(w);
	if (rc == 0 && fsync(fd) < 0)
		rc = lb_err_from_errno(errno);
	return rc;
}

int lb_settings_create(const char *file, const struct lb_manifest *head, char *const paths[],
		       int count)
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
	rc = fill(fd, head, paths, count);
	if (rc == 0 && rename(beside, file) < 0)
		rc = lb_err_from_errno(errno);
	if (rc < 0) {
		(void)unlink(beside);
		log_err("%s was not made", file);
	}
	return rc;
}
