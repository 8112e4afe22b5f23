/* What the package managers of OpenWrt say: opkg until 24.10, apk since. */
#include "lifeboat/settings/keep_packages.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plan/keep.h"

struct manager {
	const char *dir, *ending; /* one such file per package */
};

static const struct manager managers[] = {
	{"/usr/lib/opkg/info", ".control"},
	{"/lib/apk/packages", ".list"},
};

static const struct manager owners[] = {
	{"/usr/lib/opkg/info", ".list"},
	{"/lib/apk/packages", ".list"},
};

/* Called for each file of each manager. */
static int for_each(const char *root, const struct manager *list, size_t count,
		    int (*each)(void *ctx, const char *file), void *ctx)
{
	char pattern[PATH_MAX];
	int rc = 0;

	for (size_t m = 0; m < count && rc == 0; m++) {
		glob_t found;

		(void)snprintf(pattern, sizeof(pattern), "%s%s/*%s", root, list[m].dir,
			       list[m].ending);
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
			rc = each(ctx, found.gl_pathv[i]);
		globfree(&found);
	}
	return rc;
}

/* Some lists have paths without the slash in front. */
static int add_owned(void *ctx, const char *file)
{
	CLEANUP(lb_freep) char *text = NULL;
	char path[LB_KEEP_PATH_MAX];
	char *line, *rest;
	int rc = lb_keep_slurp(&text, file);

	if (rc < 0)
		return rc;
	rest = text;
	for (rc = 0; rc == 0 && (line = strsep(&rest, "\n"));) {
		line[strcspn(line, "\t\r")] = '\0';
		if (!line[0])
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", line[0] == '/' ? "" : "/", line);
		rc = lb_keep_add(ctx, path);
	}
	return rc;
}

int lb_keep_owned(struct lb_keep *out, const char *root)
{
	int rc = for_each(root, owners, sizeof(owners) / sizeof(owners[0]), add_owned, out);

	lb_keep_sort(out);
	return rc;
}

struct packages {
	FILE *to;
	const char *root;
};

static int add_package(void *ctx, const char *file)
{
	const struct packages *p = ctx;
	const char *path = file + strlen(p->root), *name = strrchr(file, '/') + 1;
	const char *where = "unknown", *dot = strrchr(name, '.');
	char other[PATH_MAX];

	(void)snprintf(other, sizeof(other), "%s/overlay/upper%s", p->root, path);
	if (access(other, F_OK) == 0)
		where = "overlay";
	(void)snprintf(other, sizeof(other), "%s/rom%s", p->root, path);
	if (access(other, F_OK) == 0)
		where = "rom";
	return fprintf(p->to, "%.*s\t%s\n", (int)(dot - name), name, where) < 0 ? LB_E(NOSPC) : 0;
}

static char *close_text(FILE *f, char **text, int rc)
{
	if (fclose(f) == 0 && rc == 0)
		return *text;
	free(*text);
	return NULL;
}

char *lb_keep_packages(const char *root)
{
	size_t size;
	char *text = NULL;
	struct packages p = {.to = open_memstream(&text, &size), .root = root};

	if (!p.to)
		return NULL;
	return close_text(
		p.to, &text,
		for_each(root, managers, sizeof(managers) / sizeof(managers[0]), add_package, &p));
}

/* OpenWrt's way: a link S19dropbear in rc.d starts it. */
static bool is_enabled(const char *root, const char *name)
{
	char pattern[PATH_MAX];
	glob_t found;
	bool is;

	(void)snprintf(pattern, sizeof(pattern), "%s/etc/rc.d/S[0-9][0-9]%s", root, name);
	is = glob(pattern, 0, NULL, &found) == 0;
	if (is)
		globfree(&found);
	return is;
}

static int add_disabled(void *ctx, const char *file)
{
	const struct packages *p = ctx;
	const char *name = strrchr(file, '/') + 1;
	struct stat st;

	if (stat(file, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return 0;
	/* It becomes part of a script. */
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
			return 0;
	if (is_enabled(p->root, name))
		return 0;
	return fprintf(p->to, "/etc/init.d/%s disable\n", name) < 0 ? LB_E(NOSPC) : 0;
}

char *lb_keep_disabled(const char *root)
{
	static const struct manager scripts[] = {{"/etc/init.d", ""}};
	size_t size;
	char *text = NULL, marker[PATH_MAX];
	struct packages p = {.to = open_memstream(&text, &size), .root = root};
	int rc = 0;

	if (!p.to)
		return NULL;
	(void)snprintf(marker, sizeof(marker), "%s/etc/rc.common", root);
	if (access(marker, F_OK) == 0)
		rc = for_each(root, scripts, 1, add_disabled, &p);
	return close_text(p.to, &text, rc);
}
