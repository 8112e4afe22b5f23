#include "store/board_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define DEPTH_MAX 2 /* a list in a section */

enum token {
	TOKEN_NONE,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_MARK, /* the mark itself: { } = , */
};

struct scan {
	struct lb_rd in;
	struct lb_wr out;
	unsigned line;
	char *why;
	/* The last token and the one before it: enough to tell a key from a value. */
	struct {
		enum token kind;
		char mark;
	} last, before;
	struct {
		unsigned line;
		bool is_list;
	} open[DEPTH_MAX];
	size_t depth;
};

PRINTF_LIKE(2, 3) static int refuse(const struct scan *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(s->why, LB_SENTENCE_MAX, fmt, args);
	va_end(args);
	return LB_E(FORMAT);
}

/* The byte `ahead` places on, or '\0' at the end; a NUL in the file itself was refused before. */
static char peek(const struct scan *s, size_t ahead)
{
	return lb_rd_left(&s->in) > ahead ? (char)s->in.p[ahead] : '\0';
}

/* Step over one byte of the file; `shown` is what the parser gets in its place. */
static void step(struct scan *s, char shown)
{
	if (lb_rd_u8(&s->in) == '\n')
		s->line++;
	lb_wr_be(&s->out, (uint8_t)shown, 1);
}

static void note(struct scan *s, enum token kind, char mark)
{
	s->before = s->last;
	s->last.kind = kind;
	s->last.mark = mark;
}

static bool last_is(const struct scan *s, char mark)
{
	return s->last.kind == TOKEN_MARK && s->last.mark == mark;
}

static bool before_is(const struct scan *s, char mark)
{
	return s->before.kind == TOKEN_MARK && s->before.mark == mark;
}

static void skip_line_comment(struct scan *s)
{
	while (peek(s, 0) && peek(s, 0) != '\n')
		step(s, ' ');
}

static int skip_block_comment(struct scan *s)
{
	unsigned start = s->line;

	for (int i = 0; i < 2; i++)
		step(s, ' ');
	while (peek(s, 0) && !(peek(s, 0) == '*' && peek(s, 1) == '/'))
		step(s, peek(s, 0) == '\n' ? '\n' : ' ');
	if (!peek(s, 0)) {
		s->line = start;
		return refuse(s, "the comment that starts here has no end: add */");
	}
	for (int i = 0; i < 2; i++)
		step(s, ' ');
	return 0;
}

/* Text in quotes is a value or a button's name. libConfuse would take it for a key as well, and its
 * look-up gives meaning to '|' and '=' in there. */
static bool quoted_may_stand_here(const struct scan *s)
{
	if (last_is(s, '=') || last_is(s, ','))
		return true;
	if (last_is(s, '{'))
		return before_is(s, '=');
	return s->last.kind == TOKEN_WORD && !before_is(s, '=');
}

static int copy_quoted(struct scan *s)
{
	char quote = peek(s, 0);

	if (!quoted_may_stand_here(s))
		return refuse(s, "text in quotes cannot stand here: keys go without quotes, and a "
				 "value follows an '='");
	step(s, quote);
	for (char c; (c = peek(s, 0)) != quote; step(s, c)) {
		if (c == '\0' || c == '\n' || (c == '\r' && peek(s, 1) == '\n'))
			return refuse(s,
				      "a quote opens in this line and is not closed: add the "
				      "missing %c",
				      quote);
		if (c == '\\')
			return refuse(s,
				      "a backslash has no meaning in a board file: leave it out");
		if (c == '$' && peek(s, 1) == '{')
			return refuse(s, "a board file cannot use variables such as ${NAME}: write "
					 "the value itself");
		if (iscntrl((unsigned char)c))
			return refuse(s,
				      "the quoted text has a control character (byte 0x%02x) in it",
				      (unsigned)c);
	}
	step(s, quote);
	note(s, TOKEN_QUOTED, '\0');
	return 0;
}

static bool is_word(const struct scan *s)
{
	char c = peek(s, 0);

	if (c == '/' && (peek(s, 1) == '/' || peek(s, 1) == '*'))
		return false;
	return isalnum((unsigned char)c) || (c && strchr("_-.:/@%", c));
}

static void copy_word(struct scan *s)
{
	while (is_word(s))
		step(s, peek(s, 0));
	note(s, TOKEN_WORD, '\0');
}

static int open_brace(struct scan *s)
{
	bool is_list = last_is(s, '=');

	if (s->depth > 0 && s->open[s->depth - 1].is_list)
		return refuse(s,
			      "a list cannot have another '{' in it: close the list of line %u "
			      "with '}' first",
			      s->open[s->depth - 1].line);
	if (s->depth > 0 && !is_list)
		return refuse(s,
			      "a section cannot have another section in it: close the one of line "
			      "%u with '}' first",
			      s->open[s->depth - 1].line);
	s->open[s->depth].line = s->line;
	s->open[s->depth++].is_list = is_list;
	return 0;
}

static int copy_mark(struct scan *s)
{
	char c = peek(s, 0);
	int rc = 0;

	if (c == '{')
		rc = open_brace(s);
	else if (c == '}' && s->depth == 0)
		rc = refuse(s,
			    "this '}' closes nothing: take it out, or add the '{' that is missing "
			    "before it");
	else if (c == '}')
		s->depth--;
	if (rc < 0)
		return rc;
	step(s, c);
	note(s, TOKEN_MARK, c);
	return 0;
}

static int refuse_byte(const struct scan *s)
{
	char c = peek(s, 0);

	if (c == '(')
		return refuse(s,
			      "a board file has no functions such as include(): write the settings "
			      "themselves");
	if (c >= ' ' && c <= '~')
		return refuse(s, "the character '%c' can stand only between quotes", c);
	return refuse(s,
		      "the byte 0x%02x can stand only between quotes: save the file as plain text",
		      (unsigned)(unsigned char)c);
}

static int scan_one(struct scan *s)
{
	char c = peek(s, 0);

	if (c == '\r' && peek(s, 1) == '\n')
		step(s, ' ');
	else if (c == ' ' || c == '\t' || c == '\n')
		step(s, c);
	else if (c == '#' || (c == '/' && peek(s, 1) == '/'))
		skip_line_comment(s);
	else if (c == '/' && peek(s, 1) == '*')
		return skip_block_comment(s);
	else if (c == '"' || c == '\'')
		return copy_quoted(s);
	else if (strchr("{}=,", c))
		return copy_mark(s);
	else if (is_word(s))
		copy_word(s);
	else
		return refuse_byte(s);
	return 0;
}

static int scan_all(struct scan *s)
{
	static const char bom[3] = {'\xEF', '\xBB', '\xBF'};
	int rc = 0;

	if (lb_rd_left(&s->in) > 0 && memchr(s->in.p, 0, lb_rd_left(&s->in)))
		return refuse(s, "the file has a zero byte in it: save it as plain text");
	if (lb_rd_left(&s->in) >= sizeof(bom) && memcmp(s->in.p, bom, sizeof(bom)) == 0)
		for (size_t i = 0; i < sizeof(bom); i++)
			step(s, ' ');
	while (rc == 0 && lb_rd_left(&s->in) > 0)
		rc = scan_one(s);
	if (rc == 0 && s->depth > 0) {
		s->line = s->open[s->depth - 1].line;
		return refuse(s, "the '{' of this line is never closed: add a '}'");
	}
	return rc;
}

int lb_board_text_clean(char *out, const void *text, size_t n, unsigned *line,
			char why[LB_SENTENCE_MAX])
{
	struct scan s = {
		.in = lb_rd_init(text, n),
		.out = lb_wr_init(out, n),
		.line = 1,
		.why = why,
	};
	int rc = scan_all(&s);

	if (rc < 0)
		*line = s.line;
	else
		out[lb_wr_used(&s.out)] = '\0';
	return rc;
}
