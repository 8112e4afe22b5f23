#include "plan/uci.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AT_END (-1)

struct word {
	char text[LB_PATH_MAX];
	size_t len;
	bool there; /* '' is a word too */
};

static int peek(const struct lb_uci *u)
{
	struct lb_rd r = u->in;

	return lb_rd_left(&r) == 0 ? AT_END : lb_rd_u8(&r);
}

static int take(struct lb_uci *u)
{
	int c = peek(u);

	if (c != AT_END)
		(void)lb_rd_u8(&u->in);
	u->line += c == '\n';
	return c;
}

/* The reader stands at its end from now on. */
PRINTF_LIKE(3, 4) static int refuse(struct lb_uci *u, unsigned line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(u->wrong, sizeof(u->wrong), fmt, args);
	va_end(args);
	u->wrong_line = line;
	return LB_E(FORMAT);
}

static int add(struct lb_uci *u, struct word *w, int c)
{
	if (c == 0)
		return refuse(u, u->line, "a NUL byte: this is no text");
	if (w->len + 1 >= sizeof(w->text))
		return refuse(u, u->line, "a word of more than %zu bytes", sizeof(w->text) - 1);
	w->text[w->len++] = (char)c;
	return 0;
}

/* Up to the closing quote. A backslash means something in double quotes only. */
static int take_quoted(struct lb_uci *u, struct word *w)
{
	const unsigned began = u->line;
	const int quote = take(u);
	int c, rc = 0;

	while (rc == 0 && (c = take(u)) != quote) {
		if (c == '\\' && quote == '"')
			c = take(u);
		rc = c == AT_END ? refuse(u, began, "the quote %c is not closed", quote)
				 : add(u, w, c);
	}
	return rc;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_statement(int c)
{
	return c == AT_END || c == '\n' || c == ';' || c == '#';
}

/* Blanks, and line ends behind a backslash. */
static void skip_blanks(struct lb_uci *u)
{
	for (;;) {
		struct lb_uci ahead = *u;

		if (is_blank(peek(u)))
			(void)take(u);
		else if (take(&ahead) == '\\' && peek(&ahead) == '\n') {
			(void)take(u);
			(void)take(u);
		} else
			return;
	}
}

/* The next word of the statement; none at its end. */
static int take_word(struct lb_uci *u, struct word *w)
{
	int c, rc = 0;

	*w = (struct word){0};
	skip_blanks(u);
	while (rc == 0 && !ends_statement(c = peek(u)) && !is_blank(c)) {
		w->there = true;
		if (c == '\'' || c == '"') {
			rc = take_quoted(u, w);
			continue;
		}
		c = take(u);
		if (c == '\\')
			c = take(u);
		rc = c == AT_END ? refuse(u, u->line, "nothing behind the last backslash")
				 : add(u, w, c);
	}
	return rc;
}

static void skip_comment(struct lb_uci *u)
{
	while (peek(u) != AT_END && peek(u) != '\n')
		(void)take(u);
}

#define WORDS_MAX 4 /* three that mean something, and the first that is too many */

/* One statement: how many words it has, 0 for an empty one, or LB_E(FORMAT). */
static int take_statement(struct lb_uci *u, struct word words[WORDS_MAX])
{
	int count = 0;

	for (; count < WORDS_MAX; count++) {
		int rc = take_word(u, &words[count]);

		if (rc < 0)
			return rc;
		if (!words[count].there)
			break;
	}
	if (peek(u) == '#')
		skip_comment(u);
	(void)take(u); /* the line end or ';' */
	return count;
}

static bool fits_name(const struct word *w)
{
	return w->len > 0 && w->len < LB_NAME_MAX;
}

static int to_item(struct lb_uci *u, struct lb_uci_item *out, const struct word *w, int count,
		   unsigned line)
{
	const char *verb = w[0].text;
	bool config = strcmp(verb, "config") == 0;
	bool list = strcmp(verb, "list") == 0;

	if (!config && !list && strcmp(verb, "option") != 0)
		return refuse(u, line, "'%.40s' is not known here: write config, option or list",
			      verb);
	if (count > 3)
		return refuse(u, line,
			      "a word too many behind '%.40s': put quotes around a value "
			      "with blanks",
			      w[2].text);
	if (config ? count < 2 : count < 3)
		return refuse(u, line, "%s without a %s", verb,
			      config	  ? "type"
			      : count < 2 ? "name"
					  : "value");
	if (!fits_name(&w[1]))
		return refuse(u, line, "a name of %zu bytes: it may have 1 to %d", w[1].len,
			      LB_NAME_MAX - 1);
	if (!config && !u->in_section)
		return refuse(u, line, "%s '%.40s' before the first config", verb, w[1].text);
	u->in_section = true;
	out->kind = config ? LB_UCI_CONFIG : list ? LB_UCI_LIST : LB_UCI_OPTION;
	out->line = line;
	memcpy(out->name, w[1].text, w[1].len + 1);
	memcpy(out->value, w[2].text, sizeof(w[2].text));
	return 1;
}

void lb_uci_begin(struct lb_uci *u, const void *buf, size_t n)
{
	*u = (struct lb_uci){.in = lb_rd_init(buf, n), .line = 1};
}

/* Where the next statement begins: behind blanks, comments and empty lines. */
static void skip_empty(struct lb_uci *u)
{
	skip_blanks(u);
	while (peek(u) != AT_END && ends_statement(peek(u))) {
		if (peek(u) == '#')
			skip_comment(u);
		else
			(void)take(u);
		skip_blanks(u);
	}
}

int lb_uci_next(struct lb_uci *u, struct lb_uci_item *out)
{
	while (u->wrong_line == 0) {
		struct word words[WORDS_MAX] = {0};
		unsigned line;
		int count;

		skip_empty(u);
		if (peek(u) == AT_END)
			return 0;
		line = u->line;
		count = take_statement(u, words);
		if (count < 0)
			return count;
		if (count != 2 || strcmp(words[0].text, "package") != 0)
			return to_item(u, out, words, count, line);
	}
	return LB_E(FORMAT);
}

bool lb_uci_is_on(const char *value)
{
	static const char *const on[] = {"1", "on", "true", "yes", "enabled"};

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (strcmp(value, on[i]) == 0)
			return true;
	return false;
}
