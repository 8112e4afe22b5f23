#include "image/manifest.h"

#include <stdbool.h>
#include <stdio.h>

#define MAGIC "lifeboat-settings "

static const char types[] = {[LB_MEMBER_FILE] = 'f', [LB_MEMBER_DIR] = 'd', [LB_MEMBER_LINK] = 'l'};

/* The next line, without its newline. */
static struct lb_rd take_line(struct lb_rd *r)
{
	const uint8_t *end = lb_rd_left(r) ? memchr(r->p, '\n', lb_rd_left(r)) : NULL;
	struct lb_rd line;

	if (!end) {
		r->bad = true;
		return (struct lb_rd){.bad = true};
	}
	line = lb_rd_sub(r, (size_t)(end - r->p));
	(void)lb_rd_take(r, 1);
	return line;
}

/* The next word of a line; all but the last are followed by one blank. */
static struct lb_rd take_word(struct lb_rd *line)
{
	const uint8_t *end = lb_rd_left(line) ? memchr(line->p, ' ', lb_rd_left(line)) : NULL;
	struct lb_rd word;

	if (!end)
		word = lb_rd_sub(line, lb_rd_left(line));
	else {
		word = lb_rd_sub(line, (size_t)(end - line->p));
		(void)lb_rd_take(line, 1);
		if (lb_rd_left(line) == 0)
			line->bad = true;
	}
	if (lb_rd_left(&word) == 0)
		line->bad = true;
	return word;
}

static bool is_word(struct lb_rd word, const char *text)
{
	return lb_rd_left(&word) == strlen(text) && memcmp(word.p, text, strlen(text)) == 0;
}

/* "NAME value": the value, up to the end of the line, in printable ASCII. */
static void take_value(struct lb_rd *r, const char *name, char *out, size_t size)
{
	struct lb_rd line = take_line(r);
	struct lb_rd word = take_word(&line);

	if (!is_word(word, name) || lb_rd_left(&line) == 0)
		line.bad = true;
	for (size_t i = 0; !line.bad && i < lb_rd_left(&line); i++)
		if (line.p[i] < 0x20 || line.p[i] > 0x7e)
			line.bad = true;
	lb_rd_str(&line, out, size);
	if (line.bad)
		r->bad = true;
}

/* Digits without leading zeros; the one way to write a number. */
static uint64_t take_number(struct lb_rd *line, uint64_t max)
{
	struct lb_rd word = take_word(line);
	const size_t digits = lb_rd_left(&word);
	uint64_t value = 0;

	if (digits > 1 && *word.p == '0')
		line->bad = true;
	for (size_t i = 0; i < digits; i++) {
		uint8_t c = lb_rd_u8(&word);

		if (c < '0' || c > '9' || value > (max - (uint64_t)(c - '0')) / 10) {
			line->bad = true;
			return 0;
		}
		value = 10 * value + (uint64_t)(c - '0');
	}
	return value;
}

static uint32_t take_mode(struct lb_rd *line)
{
	struct lb_rd word = take_word(line);
	uint32_t mode = 0;

	if (lb_rd_left(&word) != 4)
		line->bad = true;
	while (!line->bad && lb_rd_left(&word)) {
		uint8_t c = lb_rd_u8(&word);

		if (c < '0' || c > '7')
			line->bad = true;
		mode = 8 * mode + (uint32_t)(c - '0');
	}
	return mode;
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint8_t take_hex(struct lb_rd *r)
{
	int high = hex_digit(lb_rd_u8(r)), low = hex_digit(lb_rd_u8(r));

	if (high < 0 || low < 0) {
		r->bad = true;
		return 0;
	}
	return (uint8_t)((unsigned)high << 4 | (unsigned)low);
}

static void take_hash(struct lb_rd *line, uint8_t out[LB_HASH_BYTES])
{
	struct lb_rd word = take_word(line);

	for (size_t i = 0; i < LB_HASH_BYTES; i++)
		out[i] = take_hex(&word);
	if (word.bad || lb_rd_left(&word) > 0)
		line->bad = true;
}

/* Bytes that stand for themselves; every other is \xHH, so that there is one way to write a path.
 */
static bool is_plain(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '\\';
}

static void take_path(struct lb_rd *line, char out[LB_MEMBER_PATH_MAX])
{
	struct lb_rd word = take_word(line);
	size_t n = 0;

	while (!line->bad && lb_rd_left(&word)) {
		uint8_t c = lb_rd_u8(&word);

		if (c == '\\') {
			if (lb_rd_u8(&word) != 'x')
				word.bad = true;
			c = take_hex(&word);
			if (is_plain(c) || c == 0)
				word.bad = true;
		} else if (!is_plain(c)) {
			word.bad = true;
		}
		if (word.bad || n == LB_MEMBER_PATH_MAX - 1)
			line->bad = true;
		else
			out[n++] = (char)c;
	}
	out[n] = '\0';
}

static bool is_own_path(const char *path)
{
	char same[LB_MEMBER_PATH_MAX];

	return path[0] && lb_member_path(same, path) == 0 && strcmp(same, path) == 0;
}

static enum lb_member_type take_type(struct lb_rd *line)
{
	struct lb_rd word = take_word(line);

	for (size_t i = 0; i < sizeof(types); i++)
		if (is_word(word, (char[]){types[i], '\0'}))
			return (enum lb_member_type)i;
	line->bad = true;
	return LB_MEMBER_FILE;
}

/* Does the line hold what its type asks for, and nothing else? */
static bool take_member(struct lb_rd line, struct lb_member *m)
{
	memset(m, 0, sizeof(*m));
	m->type = take_type(&line);
	m->mode = take_mode(&line);
	m->uid = (uint32_t)take_number(&line, UINT32_MAX);
	m->gid = (uint32_t)take_number(&line, UINT32_MAX);
	m->size_bytes = take_number(&line, INT64_MAX);
	if (m->type == LB_MEMBER_FILE)
		take_hash(&line, m->hash);
	else if (!is_word(take_word(&line), "-") || m->size_bytes != 0)
		line.bad = true;
	take_path(&line, m->path);
	if (m->type == LB_MEMBER_LINK)
		take_path(&line, m->target);
	if (m->type == LB_MEMBER_LINK && m->mode != 0777)
		line.bad = true;
	return !line.bad && lb_rd_left(&line) == 0 && is_own_path(m->path);
}

static void take_head(struct lb_rd *r, struct lb_manifest *m)
{
	struct lb_rd line;

	take_value(r, "board", m->board, sizeof(m->board));
	take_value(r, "system", m->system, sizeof(m->system));
	take_value(r, "date", m->date, sizeof(m->date));
	line = take_line(r);
	if (!is_word(take_word(&line), "members"))
		line.bad = true;
	m->count = (uint32_t)take_number(&line, UINT32_MAX);
	if (line.bad || lb_rd_left(&line) > 0)
		r->bad = true;
}

/* The last line; everything before it is hashed. */
static void take_end(struct lb_rd *r, struct lb_manifest *m, const void *start)
{
	struct lb_rd line;

	m->hashed_bytes = (size_t)(r->p - (const uint8_t *)start);
	line = take_line(r);
	if (!is_word(take_word(&line), "end"))
		line.bad = true;
	take_hash(&line, m->hash);
	if (line.bad || lb_rd_left(&line) > 0 || lb_rd_left(r) > 0)
		r->bad = true;
}

static int judge_version(struct lb_rd *r)
{
	struct lb_rd line = take_line(r);
	struct lb_rd magic = lb_rd_sub(&line, sizeof(MAGIC) - 1);

	if (line.bad || memcmp(magic.p, MAGIC, sizeof(MAGIC) - 1) != 0)
		return LB_E(FORMAT);
	return is_word(line, "1") ? 0 : LB_E(UNSUP);
}

int lb_manifest_parse(struct lb_manifest *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n);
	struct lb_manifest m = {0};
	struct lb_member member;
	int rc = judge_version(&r);

	if (rc < 0)
		return rc;
	take_head(&r, &m);
	if (!r.bad && m.count > LB_MEMBERS_MAX)
		return LB_E(RANGE);
	m.members = r;
	for (uint32_t i = 0; !r.bad && i < m.count; i++)
		if (!take_member(take_line(&r), &member))
			r.bad = true;
	if (r.bad)
		return LB_E(FORMAT);
	m.members.end = r.p;
	take_end(&r, &m, buf);
	if (r.bad)
		return LB_E(FORMAT);
	*out = m;
	return 0;
}

int lb_manifest_next(struct lb_manifest *m, struct lb_member *out)
{
	if (lb_rd_left(&m->members) == 0)
		return 0;
	return take_member(take_line(&m->members), out) ? 1 : LB_E(FORMAT);
}

static int length_of(int n, size_t size)
{
	return n >= 0 && (size_t)n < size ? n : LB_E(NOSPC);
}

/* At least one character: an empty value would leave a blank at the end of its line. */
static const char *printable(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text[n] && n < size - 1; n++)
		out[n] = text[n] >= 0x20 && text[n] <= 0x7e ? text[n] : '?';
	out[n] = '\0';
	return n ? out : "-";
}

int lb_manifest_put_head(char *out, size_t size, const struct lb_manifest *m)
{
	char board[sizeof(m->board)], system[sizeof(m->system)], date[sizeof(m->date)];

	return length_of(snprintf(out, size, MAGIC "1\nboard %s\nsystem %s\ndate %s\nmembers %u\n",
				  printable(board, sizeof(board), m->board),
				  printable(system, sizeof(system), m->system),
				  printable(date, sizeof(date), m->date), m->count),
			 size);
}

static void put_hex(struct lb_wr *w, uint8_t byte)
{
	static const char digits[] = "0123456789abcdef";

	lb_wr_be(w, (uint8_t)digits[byte >> 4], 1);
	lb_wr_be(w, (uint8_t)digits[byte & 15], 1);
}

static void put_path(struct lb_wr *w, const char *path)
{
	lb_wr_be(w, ' ', 1);
	for (; *path; path++) {
		if (is_plain((uint8_t)*path)) {
			lb_wr_be(w, (uint8_t)*path, 1);
			continue;
		}
		lb_wr_bytes(w, "\\x", 2);
		put_hex(w, (uint8_t)*path);
	}
}

static void put_hash(struct lb_wr *w, const uint8_t hash[LB_HASH_BYTES])
{
	for (size_t i = 0; i < LB_HASH_BYTES; i++)
		put_hex(w, hash[i]);
}

int lb_manifest_put_member(char *out, size_t size, const struct lb_member *m)
{
	struct lb_wr w = lb_wr_init(out, size);
	char numbers[80];
	int n;

	if (m->type == LB_MEMBER_HARDLINK)
		return LB_E(UNSUP);
	n = snprintf(numbers, sizeof(numbers), "%c %04o %u %u %llu ", types[m->type],
		     m->mode & 07777u, m->uid, m->gid, (unsigned long long)m->size_bytes);
	lb_wr_bytes(&w, numbers, (size_t)n);
	if (m->type == LB_MEMBER_FILE)
		put_hash(&w, m->hash);
	else
		lb_wr_be(&w, '-', 1);
	put_path(&w, m->path);
	if (m->type == LB_MEMBER_LINK)
		put_path(&w, m->target);
	lb_wr_be(&w, '\n', 1);
	return w.bad ? LB_E(NOSPC) : (int)lb_wr_used(&w);
}

int lb_manifest_put_end(char *out, size_t size, const uint8_t hash[LB_HASH_BYTES])
{
	struct lb_wr w = lb_wr_init(out, size);

	lb_wr_bytes(&w, "end ", 4);
	put_hash(&w, hash);
	lb_wr_be(&w, '\n', 1);
	return w.bad ? LB_E(NOSPC) : (int)lb_wr_used(&w);
}

/* What a restore writes beside the settings, and the archive itself. */
static bool is_reserved(const char *path)
{
	static const char *const names[] = {LB_SETTINGS_STAGE, LB_OVERLAY_ARCHIVE};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (strncmp(path, names[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

int lb_member_path(char out[LB_MEMBER_PATH_MAX], const char *name)
{
	char path[LB_MEMBER_PATH_MAX];
	size_t n = 0;

	if (name[0] == '/')
		return LB_E(AUTH);
	while (*name) {
		size_t part = strcspn(name, "/");

		if (part == 2 && name[0] == '.' && name[1] == '.')
			return LB_E(AUTH);
		if (part > 0 && !(part == 1 && name[0] == '.')) {
			if (n + part + 2 > sizeof(path))
				return LB_E(NOSPC);
			if (n > 0)
				path[n++] = '/';
			memcpy(path + n, name, part);
			n += part;
		}
		name += part;
		name += *name == '/';
	}
	path[n] = '\0';
	if (is_reserved(path))
		return LB_E(AUTH);
	memcpy(out, path, n + 1);
	return 0;
}
