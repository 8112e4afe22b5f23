#include "plan/keep.h"

#include <string.h>

#include "tables/limits.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool goes_up(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, "/.."))) {
		if (at[3] == '/' || at[3] == '\0')
			return true;
		at += 3;
	}
	return false;
}

static int judge(const char *path, size_t len)
{
	return path[0] == '/' && strlen(path) == len && !goes_up(path) ? 0 : LB_E(FORMAT);
}

/* Up to the next blank or line end; what does not fit into `out` is passed over. */
static int take_word(struct lb_rd *in, char *out, size_t size)
{
	size_t len = 0;

	while (in->p < in->end && !is_blank(*in->p) && *in->p != '\n') {
		if (len < size - 1)
			out[len] = (char)*in->p;
		len++;
		in->p++;
	}
	out[len < size ? len : size - 1] = '\0';
	return len < size ? (int)len : LB_E(RANGE);
}

static void skip_blanks(struct lb_rd *in)
{
	while (in->p < in->end && is_blank(*in->p))
		in->p++;
}

static void skip_line(struct lb_rd *in)
{
	while (in->p < in->end && *in->p != '\n')
		in->p++;
}

void lb_keep_paths_begin(struct lb_keep_paths *k, const void *buf, size_t n)
{
	*k = (struct lb_keep_paths){.in = lb_rd_init(buf, n), .line = 1};
}

int lb_keep_paths_next(struct lb_keep_paths *k, char out[LB_KEEP_PATH_MAX])
{
	int len;

	for (;;) {
		skip_blanks(&k->in);
		if (k->in.p == k->in.end)
			return 0;
		if (*k->in.p == '\n') {
			k->in.p++;
			k->line++;
		} else if (*k->in.p == '#') {
			skip_line(&k->in);
		} else {
			break;
		}
	}
	len = take_word(&k->in, out, LB_KEEP_PATH_MAX);
	if (len < 0)
		return len;
	return judge(out, (size_t)len) < 0 ? LB_E(FORMAT) : 1;
}

void lb_conffiles_begin(struct lb_conffiles *c, bool bare, const void *buf, size_t n)
{
	*c = (struct lb_conffiles){.in = lb_rd_init(buf, n), .bare = bare, .in_list = bare};
}

static bool is_sha256(const char *word)
{
	return strspn(word, "0123456789abcdef") == 64 && word[64] == '\0';
}

static bool begins_list(const struct lb_rd *in)
{
	static const char head[] = "Conffiles:";

	return lb_rd_left(in) >= sizeof(head) - 1 && memcmp(in->p, head, sizeof(head) - 1) == 0;
}

/* At the start of a line: does it name a file? Passes over those that do not. */
static bool find_line(struct lb_conffiles *c)
{
	while (c->in.p < c->in.end) {
		const bool indented = is_blank(*c->in.p);

		if (!c->bare && !indented)
			c->in_list = begins_list(&c->in);
		if (c->in_list && (c->bare || indented)) {
			skip_blanks(&c->in);
			if (c->in.p < c->in.end && *c->in.p != '\n')
				return true;
		}
		skip_line(&c->in);
		if (c->in.p < c->in.end)
			c->in.p++;
	}
	return false;
}

int lb_conffiles_next(struct lb_conffiles *c, struct lb_conffile *out)
{
	char path[LB_KEEP_PATH_MAX], hash[sizeof(out->hash)];
	int len, hash_len;

	if (!find_line(c))
		return 0;
	len = take_word(&c->in, path, sizeof(path));
	skip_blanks(&c->in);
	hash_len = take_word(&c->in, hash, sizeof(hash));
	skip_line(&c->in);
	if (c->in.p < c->in.end)
		c->in.p++;
	if (len < 0 || judge(path, (size_t)len) < 0)
		return len < 0 ? len : LB_E(FORMAT);
	memcpy(out->path, path, (size_t)len + 1);
	out->hash[0] = '\0';
	if (hash_len > 0 && is_sha256(hash))
		memcpy(out->hash, hash, sizeof(hash));
	return 1;
}

static bool ends_with(const char *path, const char *end)
{
	const size_t n = strlen(path), m = strlen(end);

	return n >= m && strcmp(path + n - m, end) == 0;
}

bool lb_keep_never(const char *path)
{
	/* OpenWrt's list (sbin/sysupgrade); the same of apk; what an upgrade itself
	 * makes or leaves. */
	static const char *const files[] = {
		"/etc/board.json", "/etc/urandom.seed", "/etc/backup/installed_packages.txt",
		"/etc/uci-defaults/10_disable_services", ("/" LB_OVERLAY_ARCHIVE)};
	static const char *const below[] = {"/usr/lib/opkg/", "/lib/apk/"};
	static const char *const endings[] = {"-opkg", ".apk-new"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (strncmp(path, below[i], strlen(below[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_with(path, endings[i]))
			return true;
	return false;
}
