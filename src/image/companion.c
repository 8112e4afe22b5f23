#include "image/companion.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Where a word of exactly 2 * hash_len digits starts in the line, or line_len. */
static size_t find_hash(const uint8_t *line, size_t line_len, size_t hash_len)
{
	for (size_t at = 0; at < line_len;) {
		size_t n = 0;

		while (at + n < line_len && digit(line[at + n]) >= 0)
			n++;
		if (n == 2 * hash_len && (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\\') &&
		    (at + n == line_len || line[at + n] == ' ' || line[at + n] == '\t'))
			return at;
		at += n > 0 ? n : 1;
	}
	return line_len;
}

static bool names(const uint8_t *line, size_t line_len, const char *name)
{
	const size_t n = strlen(name);
	const uint8_t *at = n ? memmem(line, line_len, name, n) : NULL;
	bool starts, ends;

	if (!at)
		return false;
	starts = at == line || strchr(" */(", at[-1]);
	ends = at + n == line + line_len || at[n] == ')';
	return starts && ends;
}

static size_t line_length(struct lb_rd r)
{
	size_t n = 0;

	while (lb_rd_left(&r) > 0 && lb_rd_u8(&r) != '\n')
		n++;
	return n;
}

int lb_companion_parse(uint8_t out[LB_HASH_MAX], size_t hash_len, const char *name,
		       const void *text, size_t n)
{
	struct lb_rd r = lb_rd_init(text, n);
	const uint8_t *best = NULL;
	unsigned hashes = 0;
	bool named = false;

	while (lb_rd_left(&r) > 0 && !named) {
		size_t len = line_length(r), at;
		const uint8_t *line = lb_rd_take(&r, len);

		if (lb_rd_left(&r) > 0)
			(void)lb_rd_u8(&r); /* the line end */
		while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
			len--;
		at = find_hash(line, len, hash_len);
		if (at == len)
			continue;
		named = names(line, len, name);
		best = line + at;
		hashes++;
	}
	if (!best || (hashes > 1 && !named))
		return LB_E(FORMAT);
	for (size_t i = 0; i < hash_len; i++)
		out[i] = (uint8_t)(digit(best[2 * i]) << 4 | digit(best[2 * i + 1]));
	return 0;
}
