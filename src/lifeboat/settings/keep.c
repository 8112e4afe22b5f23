#include "lifeboat/settings/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/settings/keep_packages.h"
#include "plan/keep.h"
#include "plat/linux/files/files.h"

struct walk {
	struct lb_keep *out;
	const struct lb_keep_ask *ask;
	const struct lb_keep *owned; /* NULL: whoever owns it */
	dev_t root_dev;		     /* what is mounted elsewhere cannot be restored */
	size_t strip;		     /* bytes of a full path before the path in the root */
	bool changed_only;	     /* this is an upper directory */
	char *why;
};

static int sha256_file(const char *path, uint8_t hash[crypto_hash_sha256_BYTES])
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	crypto_hash_sha256_state sum;
	uint8_t buf[16384];
	ssize_t n;

	if (fd < 0)
		return lb_err_from_errno(errno);
	(void)crypto_hash_sha256_init(&sum);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		(void)crypto_hash_sha256_update(&sum, buf, (size_t)n);
	(void)crypto_hash_sha256_final(&sum, hash);
	return n < 0 ? lb_err_from_errno(errno) : 0;
}

static bool same_content(const char *a, const char *b, const struct stat *st)
{
	uint8_t hash_a[crypto_hash_sha256_BYTES], hash_b[sizeof(hash_a)];
	char target_a[LB_KEEP_PATH_MAX], target_b[sizeof(target_a)];
	ssize_t n;

	if (S_ISDIR(st->st_mode))
		return true;
	if (S_ISREG(st->st_mode))
		return sha256_file(a, hash_a) == 0 && sha256_file(b, hash_b) == 0 &&
		       memcmp(hash_a, hash_b, sizeof(hash_a)) == 0;
	n = readlink(a, target_a, sizeof(target_a));
	return n > 0 && readlink(b, target_b, sizeof(target_b)) == n &&
	       memcmp(target_a, target_b, (size_t)n) == 0;
}

/* As the system below has it: then a restore over the new one would only undo its changes. */
static bool is_as_in_rom(const struct walk *w, const char *path, const struct stat *st)
{
	char rom[2 * PATH_MAX], full[2 * PATH_MAX];
	struct stat below;

	(void)snprintf(rom, sizeof(rom), "%s/rom%s", w->ask->root, path);
	(void)snprintf(full, sizeof(full), "%s%s", w->ask->root, path);
	return lstat(rom, &below) == 0 && below.st_mode == st->st_mode &&
	       below.st_uid == st->st_uid && below.st_gid == st->st_gid &&
	       same_content(full, rom, st);
}

static bool is_wanted(const struct walk *w, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode))
		return false; /* of an upper directory: something was deleted */
	if (lb_keep_never(path))
		return !w->changed_only && strcmp(path, "/" LB_OVERLAY_ARCHIVE) != 0;
	if (w->owned && lb_keep_has(w->owned, path))
		return false;
	return !w->ask->skip_same || !is_as_in_rom(w, path, st);
}

static int say_failed(struct walk *w, const char *path, int rc)
{
	(void)snprintf(w->why, LB_SENTENCE_MAX, "%.120s cannot be read: it %s", path,
		       lb_strerror(rc));
	return rc;
}

static int take(struct walk *w, const char *full);

static int take_below(struct walk *w, const char *full)
{
	CLEANUP(lb_dir_closep) DIR *d = opendir(full);
	struct dirent *e;
	int rc = 0;

	if (!d)
		return say_failed(w, full, lb_err_from_errno(errno));
	while (rc == 0 && (e = readdir(d))) {
		char below[PATH_MAX];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", full, e->d_name) >=
			    (int)sizeof(below) ||
		    strlen(below) - w->strip >= LB_KEEP_PATH_MAX)
			return say_failed(w, full, LB_E(RANGE));
		rc = take(w, below);
	}
	return rc;
}

/* `full` is not taken when it is gone: between two looks things come and go. */
static int take(struct walk *w, const char *full)
{
	struct stat st;
	int rc = 0;

	if (lstat(full, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : say_failed(w, full, lb_err_from_errno(errno));
	if (S_ISDIR(st.st_mode) && st.st_dev != w->root_dev) {
		log_warn("%s is on another file system, which no upgrade touches: it is not kept",
			 full + w->strip);
		return 0;
	}
	if (full[w->strip] && is_wanted(w, full + w->strip, &st))
		rc = lb_keep_add(w->out, full + w->strip);
	if (rc < 0)
		return say_failed(w, full, rc);
	return S_ISDIR(st.st_mode) ? take_below(w, full) : 0;
}

/* Where it really is, without the root in front: a restore does not go through links. 0: it is not
 * there, or not in the root's file system. */
static int find_place(const struct walk *w, const char *full, char real[PATH_MAX])
{
	char top[PATH_MAX], found[PATH_MAX];
	struct stat st;
	size_t len;

	if (!realpath(full[0] ? full : "/", found) ||
	    !realpath(w->ask->root[0] ? w->ask->root : "/", top) || stat(found, &st) < 0)
		return 0;
	len = strcmp(top, "/") == 0 ? 0 : strlen(top);
	if (strncmp(found, top, len) != 0)
		return 0;
	if (S_ISDIR(st.st_mode) && st.st_dev != w->root_dev) {
		log_warn("%s is on another file system, which no upgrade touches: it is not kept",
			 full + w->strip);
		return 0;
	}
	(void)snprintf(real, PATH_MAX, "%s", strcmp(found + len, "/") == 0 ? "" : found + len);
	return 1;
}

static int take_at(struct walk *w, const char *real, const char *name)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s%s", w->ask->root, real, name) >= (int)sizeof(full))
		return say_failed(w, name, LB_E(RANGE));
	return take(w, full);
}

static int take_listed(struct walk *w, const char *found)
{
	char above[PATH_MAX], real[PATH_MAX], name[PATH_MAX];
	size_t len = strlen(found);
	char *slash;
	int rc = 0;

	if (snprintf(above, sizeof(above), "%s", found) >= (int)sizeof(above))
		return say_failed(w, found, LB_E(RANGE));
	while (len > 0 && above[len - 1] == '/')
		above[--len] = '\0';
	if (len <= w->strip) {
		(void)snprintf(
			w->why, LB_SENTENCE_MAX,
			"a list asks to keep /, which is the whole system: name what is yours");
		return LB_E(FORMAT);
	}
	slash = strrchr(above, '/');
	(void)snprintf(name, sizeof(name), "%s", slash);
	*slash = '\0';
	if (find_place(w, above, real) > 0)
		rc = take_at(w, real, name);
	/* "/etc/mine/" means what is in it, also when it is a link. */
	if (rc == 0 && found[strlen(found) - 1] == '/' && find_place(w, found, real) > 0)
		rc = take_at(w, real, "");
	return rc;
}

static int take_pattern(struct walk *w, const char *path)
{
	char full[PATH_MAX];
	glob_t found;
	int rc = 0;

	(void)snprintf(full, sizeof(full), "%s%s", w->ask->root, path);
	if (!strpbrk(path, "*?["))
		return take_listed(w, full);
	if (glob(full, GLOB_NOSORT, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		rc = take_listed(w, found.gl_pathv[i]);
	globfree(&found);
	return rc;
}

static int take_list_file(struct walk *w, const char *file)
{
	CLEANUP(lb_freep) char *text = NULL;
	char path[LB_KEEP_PATH_MAX];
	struct lb_keep_paths k;
	int rc = lb_keep_slurp(&text, file);

	if (rc < 0)
		return rc == LB_E(NOENT) ? 0 : say_failed(w, file, rc);
	lb_keep_paths_begin(&k, text, (size_t)rc);
	while ((rc = lb_keep_paths_next(&k, path)) > 0) {
		rc = take_pattern(w, path);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		(void)snprintf(
			w->why, LB_SENTENCE_MAX,
			"%.60s:%u: '%.80s' is no absolute path: write it from / on, without ..",
			file + w->strip, k.line, path);
	return rc;
}

static int is_plain_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int take_keep_d(struct walk *w)
{
	char dir[PATH_MAX], file[2 * PATH_MAX];
	struct dirent **names = NULL;
	int rc = 0, count;

	(void)snprintf(dir, sizeof(dir), "%s/lib/upgrade/keep.d", w->ask->root);
	count = scandir(dir, &names, is_plain_name, alphasort);
	for (int i = 0; i < count; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", dir, names[i]->d_name);
		if (rc == 0)
			rc = take_list_file(w, file);
		free(names[i]);
	}
	free(names);
	return rc;
}

static bool is_changed(const char *full, const char *wanted)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];

	if (!wanted[0] || sha256_file(full, hash) < 0)
		return true; /* when nobody can say, it is kept */
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return strcmp(hex, wanted) != 0;
}

static int take_conffiles(struct walk *w, const char *file, bool bare)
{
	CLEANUP(lb_freep) char *text = NULL;
	struct lb_conffile item;
	struct lb_conffiles c;
	char full[PATH_MAX];
	int rc = lb_keep_slurp(&text, file);

	if (rc < 0)
		return rc == LB_E(NOENT) ? 0 : say_failed(w, file, rc);
	lb_conffiles_begin(&c, bare, text, (size_t)rc);
	while ((rc = lb_conffiles_next(&c, &item)) != 0) {
		if (rc < 0) {
			log_warn("%s names a configuration file that is no absolute path", file);
			continue;
		}
		(void)snprintf(full, sizeof(full), "%s%s", w->ask->root, item.path);
		if (!is_changed(full, item.hash))
			continue;
		rc = take_listed(w, full);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_packages(struct walk *w)
{
	char pattern[PATH_MAX];
	glob_t found;
	int rc;

	(void)snprintf(pattern, sizeof(pattern), "%s/usr/lib/opkg/status", w->ask->root);
	rc = take_conffiles(w, pattern, false);
	(void)snprintf(pattern, sizeof(pattern), "%s/lib/apk/packages/*.conffiles_static",
		       w->ask->root);
	if (rc < 0 || glob(pattern, 0, NULL, &found) != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		rc = take_conffiles(w, found.gl_pathv[i], true);
	globfree(&found);
	return rc;
}

static int take_changed(struct walk *w)
{
	CLEANUP(lb_keep_freep) struct lb_keep owned = {0};
	struct walk changed = *w;
	char upper[PATH_MAX];
	struct stat st;
	int rc;

	if (!w->ask->changed_all && !w->ask->changed_etc)
		return 0;
	(void)snprintf(upper, sizeof(upper), "%s/overlay/upper", w->ask->root);
	if (stat(upper, &st) < 0) {
		(void)snprintf(w->why, LB_SENTENCE_MAX,
			       "there is no %.100s: what was changed is only known with an overlay",
			       upper);
		return LB_E(NOENT);
	}
	changed.changed_only = true;
	changed.root_dev = st.st_dev;
	changed.strip = strlen(upper);
	if (w->ask->changed_all) {
		rc = lb_keep_owned(&owned, w->ask->root);
		changed.owned = &owned;
		return rc < 0 ? say_failed(w, "the list of packages", rc) : take(&changed, upper);
	}
	(void)snprintf(upper + changed.strip, sizeof(upper) - changed.strip, "/etc");
	return take(&changed, upper);
}

int lb_keep_list(struct lb_keep *out, const struct lb_keep_ask *ask, char why[LB_SENTENCE_MAX])
{
	struct walk w = {.out = out, .ask = ask, .strip = strlen(ask->root), .why = why};
	char conf[PATH_MAX];
	struct stat st;
	int rc;

	if (stat(ask->root[0] ? ask->root : "/", &st) < 0)
		return say_failed(&w, ask->root, lb_err_from_errno(errno));
	w.root_dev = st.st_dev;
	(void)snprintf(conf, sizeof(conf), "%s/etc/sysupgrade.conf", ask->root);
	rc = take_list_file(&w, conf);
	if (rc == 0)
		rc = take_keep_d(&w);
	if (rc == 0)
		rc = take_packages(&w);
	if (rc == 0)
		rc = take_changed(&w);
	lb_keep_sort(out);
	return rc;
}
