#include "web/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define PIECE_MAX 512 /* of our own words, which put() formats */

/* Calm, and legible by day and by night. Nothing of it is needed: a text browser shows all. */
static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>";
static const char style[] =
	"</title>\n<style>\n"
	":root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--fg:#1d2733;--dim:#5a6675;"
	"--line:#dfe3e8;--sign:#b4470e}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#14181d;--card:#1d2329;--fg:#e4e8ec;"
	"--dim:#9aa5b1;--line:#303840;--sign:#f0a060}}\n"
	"body{margin:0;background:var(--bg);color:var(--fg);font:1rem/1.5 system-ui,sans-serif;"
	"overflow-wrap:anywhere}\n"
	"main{max-width:42rem;margin:0 auto;padding:1.5rem 1rem}\n"
	"h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 .8rem}\n"
	"h2{font-size:1rem;margin:0 0 .5rem}\n"
	"p,ul{margin:.5rem 0 0}ul{padding-left:1.2rem}li{margin:.4rem 0}\n"
	"section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;"
	"padding:1rem;margin:1rem 0}\n"
	".dim,footer{color:var(--dim)}footer{font-size:.875rem}\n"
	".led{color:var(--sign);font-size:1.5rem;line-height:1.2}\n"
	".note{border-left:.25rem solid var(--sign);padding-left:.75rem}\n"
	"a{color:inherit}code,pre{font:.9em/1.5 ui-monospace,monospace}\n"
	"code{background:var(--bg);border-radius:.25rem;padding:.1rem .3rem}\n"
	"pre{margin:0;white-space:pre-wrap}\n"
	"</style></head>\n<body><main>\n";
static const char foot[] =
	"Nothing can be changed here. Reload the page for the present state.</p></footer>\n"
	"</main></body></html>\n";

PRINTF_LIKE(2, 3) static void put(struct lb_wr *w, const char *fmt, ...)
{
	char piece[PIECE_MAX];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(piece, sizeof(piece), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(piece))
		w->bad = true;
	else
		lb_wr_bytes(w, piece, (size_t)n);
}

static void put_words(struct lb_wr *w, const char *words)
{
	lb_wr_bytes(w, words, strlen(words));
}

/* What stands for the character in a text or between quotes; NULL = itself. */
static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&#34;";
	case '\'':
		return "&#39;";
	default:
		return (unsigned char)c < ' ' || c == 0x7f ? "?" : NULL;
	}
}

/* Of the first n characters: how long they get. */
static size_t escaped_length(const char *text, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++) {
		const char *as = text[i] == '\n' ? NULL : escape_of(text[i]);

		length += as ? strlen(as) : 1;
	}
	return length;
}

static void put_text_part(struct lb_wr *w, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *as = escape_of(text[i]);

		if (as)
			put_words(w, as);
		else
			lb_wr_bytes(w, text + i, 1);
	}
}

static void put_text(struct lb_wr *w, const char *text)
{
	put_text_part(w, text, strlen(text));
}

static void put_title(struct lb_wr *w, const struct lb_page_facts *f)
{
	if (f->blinks)
		put(w, "Rescue mode %u has failed", f->mode);
	else if (f->mode)
		put(w, "Rescue mode %u is active", f->mode);
	else if (f->state == LB_STATE_FAILSAFE)
		put(w, "Failsafe is active");
	else
		put(w, "Rescue is active");
}

static void put_top(struct lb_wr *w, const struct lb_page_facts *f)
{
	put_words(w, head);
	put_title(w, f);
	put(w, " - ");
	put_text(w, f->board_name);
	put_words(w, style);
	put(w, "<header>\n<p class=\"dim\">");
	put_text(w, f->board_name);
	put(w, "</p>\n<h1>");
	put_title(w, f);
	put(w, "</h1>\n<p>Why: ");
	put_text(w, f->why);
	put(w, ".</p>\n");
	if (f->notice[0]) {
		put(w, "<p class=\"note\">Note: ");
		put_text(w, f->notice);
		put(w, ".</p>\n");
	}
	put(w, "</header>\n");
}

/* Tenths of a second, as people read them. */
static void put_seconds(struct lb_wr *w, unsigned ms)
{
	if (ms % 1000 == 0)
		put(w, "%u s", ms / 1000);
	else
		put(w, "%u.%u s", ms / 1000, ms % 1000 / 100);
}

static void put_pattern(struct lb_wr *w, enum lb_led pattern)
{
	const struct lb_led_pattern *p = &lb_led_patterns[pattern];
	const unsigned period_ms = p->on_ms + p->off_ms;

	if (period_ms < 1000) {
		put(w, "The LED blinks %u times per second: ", 1000 / period_ms);
		return;
	}
	put(w, "The LED is lit for ");
	put_seconds(w, p->on_ms);
	put(w, " and dark for ");
	put_seconds(w, p->off_ms);
	put(w, ": ");
}

static void put_led(struct lb_wr *w, const struct lb_page_facts *f)
{
	put(w, "<section><h2>What the LED says</h2>\n");
	if (f->blinks) {
		put(w, "<p class=\"led\">");
		for (unsigned i = 0; i < f->blinks; i++)
			put(w, "%s&#9679;", i ? " " : "");
		put(w, "</p>\n<p>The LED blinks %u time%s, pauses, and begins again: %s.</p>\n",
		    f->blinks, f->blinks == 1 ? "" : "s", lb_failure_text(f->blinks));
	} else if (f->mode) {
		put(w, "<p>");
		put_pattern(w, LB_LED_WORKING);
		put(w, "a rescue mode is carried out, %s.</p>\n", lb_mode_help(f->mode));
	} else if (f->state == LB_STATE_FAILSAFE) {
		put(w, "<p>");
		put_pattern(w, LB_LED_FAILSAFE);
		put(w, "failsafe waits for you.</p>\n");
	} else {
		put(w, "<p>");
		put_pattern(w, LB_LED_RESCUE);
		put(w, "no system can be started, rescue waits for you.</p>\n");
	}
	put(w, "</section>\n");
}

static void put_time_left(struct lb_wr *w, unsigned left_s)
{
	if (left_s == 0)
		put(w,
		    "<li>This stays. Switch the router off and on: if there is a system, it boots.</li>\n");
	else if (left_s < 90)
		put(w, "<li>A normal boot follows by itself in %u s.</li>\n", left_s);
	else
		put(w, "<li>A normal boot follows by itself in %u minutes.</li>\n",
		    (left_s + 30) / 60);
}

static void put_way_in(struct lb_wr *w, const struct lb_page_facts *f)
{
	if (!f->host_key[0]) {
		put(w, "<li>Nobody can log in over SSH. A serial console may help.</li>\n");
		return;
	}
	put(w, "<li>Log in, %s: <code>ssh root@",
	    f->policy == LB_POLICY_OPEN ? "no password is asked"
					: "with the password or SSH key of your router");
	put_text_part(w, f->address, strcspn(f->address, "/"));
	put(w, "</code></li>\n<li>ssh shows the router's host key: <code>");
	put_text(w, f->host_key);
	put(w, "</code></li>\n");
}

static void put_advice(struct lb_wr *w, const struct lb_page_facts *f)
{
	put(w, "<section><h2>What to do</h2>\n<ul>\n");
	if (f->blinks) {
		put_time_left(w, f->left_s);
		put(w, "<li>For another rescue mode switch the router off, and on with the button "
		       "held.</li>\n");
	} else {
		put_way_in(w, f);
		if (f->state == LB_STATE_FAILSAFE)
			put(w, "<li>In there <code>mount_root</code> mounts your settings, "
			       "<code>lifeboat continue</code> goes on with the normal boot, "
			       "<code>reboot</code> starts anew.</li>\n");
		else
			put(w, "<li>In there <code>lifeboat status</code> and "
			       "<code>lifeboat log</code> say more, <code>reboot</code> starts "
			       "anew.</li>\n");
	}
	put(w, "</ul></section>\n");
}

/* The last whole lines that have room. */
static const char *fitting(const char *log, size_t room)
{
	while (*log && escaped_length(log, strlen(log)) > room) {
		const char *end = strchr(log, '\n');

		log = end ? end + 1 : log + strlen(log);
	}
	return log;
}

static void put_log(struct lb_wr *w, const char *log, size_t reserved)
{
	static const char before[] = "<section><h2>The last boots</h2>\n<pre>";
	static const char after[] = "</pre></section>\n";
	const size_t left = (size_t)(w->end - w->p);
	const size_t frame = sizeof(before) + sizeof(after) + reserved;

	log = left > frame ? fitting(log, left - frame) : "";
	if (!*log)
		return;
	put_words(w, before);
	for (const char *end = strchr(log, '\n'); end; end = strchr(log, '\n')) {
		put_text_part(w, log, (size_t)(end - log));
		put(w, "\n");
		log = end + 1;
	}
	put_words(w, after);
}

static void put_foot(struct lb_wr *w, const struct lb_page_facts *f)
{
	put(w, "<footer><p>");
	put_text(w, f->board);
	if (f->serial[0]) {
		put(w, ", serial ");
		put_text(w, f->serial);
	}
	put(w, ". ");
	if (f->has_status)
		put(w, "For programs: <a href=\"" LB_PAGE_STATUS "\">status.json</a>. ");
	put_words(w, foot);
}

int lb_page_render(const struct lb_page_facts *f, char *out, size_t size)
{
	struct lb_wr w = lb_wr_init(out, size);
	uint8_t last[LB_PAGE_BYTES_MAX];
	struct lb_wr end = lb_wr_init(last, sizeof(last));

	put_foot(&end, f);
	put_top(&w, f);
	put_led(&w, f);
	put_advice(&w, f);
	put_log(&w, f->log, lb_wr_used(&end) + 1);
	lb_wr_bytes(&w, last, lb_wr_used(&end));
	lb_wr_bytes(&w, "", 1);
	if (w.bad || end.bad) {
		if (size > 0)
			out[0] = '\0';
		return LB_E(NOSPC);
	}
	return (int)lb_wr_used(&w) - 1;
}
