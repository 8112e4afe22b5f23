#include "plan/accounts.h"

#include "base/bytes.h"

bool lb_is_accounts(const char *path)
{
	return strcmp(path, "etc/passwd") == 0 || strcmp(path, "etc/group") == 0 ||
	       strcmp(path, "etc/shadow") == 0;
}

/* Length of the line that starts here, with its newline if it has one. */
static size_t line_length(const char *p, size_t left)
{
	const char *end = memchr(p, '\n', left);

	return end ? (size_t)(end - p) + 1 : left;
}

/* Length of its first field; 0: it names nobody. */
static size_t name_length(const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);

	return colon ? (size_t)(colon - line) : 0;
}

static bool has_name(const char *text, size_t used, const char *name, size_t name_n)
{
	for (size_t at = 0; at < used;) {
		size_t n = line_length(text + at, used - at);

		if (name_length(text + at, n) == name_n && memcmp(text + at, name, name_n) == 0)
			return true;
		at += n;
	}
	return false;
}

int lb_accounts_merge(char *text, size_t used, size_t size, const void *rom, size_t n)
{
	const char *const lines = rom;
	struct lb_wr w = lb_wr_init(text + used, size - used);

	for (size_t at = 0; at < n;) {
		const char *line = lines + at;
		size_t length = line_length(line, n - at);
		size_t name = name_length(line, length);

		at += length;
		if (name == 0 || has_name(text, used + lb_wr_used(&w), line, name))
			continue;
		if (used > 0 && lb_wr_used(&w) == 0 && text[used - 1] != '\n')
			lb_wr_bytes(&w, "\n", 1);
		lb_wr_bytes(&w, line, length);
		if (line[length - 1] != '\n')
			lb_wr_bytes(&w, "\n", 1);
		if (w.bad)
			return LB_E(NOSPC);
	}
	return (int)(used + lb_wr_used(&w));
}
