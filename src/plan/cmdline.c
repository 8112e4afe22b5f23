#include "plan/cmdline.h"

#include <string.h>

struct word {
	const char *text;
	size_t len;
};

static struct word without_quotes(struct word w)
{
	if (w.len == 0 || w.text[0] != '"')
		return w;
	w = (struct word){w.text + 1, w.len - 1};
	if (w.len > 0 && w.text[w.len - 1] == '"')
		w.len--;
	return w;
}

/* The next word, as the kernel's own parser finds it: a double quote keeps blanks inside, and one
 * at the very start stands around the whole word. */
static bool next_word(const char **at, struct word *w)
{
	bool quoted = false;

	*at += strspn(*at, " \t\n");
	w->text = *at;
	for (; **at && (quoted || !strchr(" \t\n", **at)); ++*at)
		quoted ^= **at == '"';
	w->len = (size_t)(*at - w->text);
	if (w->len == 0)
		return false;
	*w = without_quotes(*w);
	return true;
}

static bool is_key(struct word w, const char *key, size_t key_len)
{
	return w.len > key_len && memcmp(w.text, key, key_len) == 0 && w.text[key_len] == '=';
}

int lb_cmdline_get(const char *cmdline, const char *key, char *out, size_t size)
{
	size_t key_len = strlen(key);
	struct word value = {0};
	struct word w;

	while (next_word(&cmdline, &w))
		if (is_key(w, key, key_len))
			value = (struct word){w.text + key_len + 1, w.len - key_len - 1};
	if (!value.text)
		return LB_E(NOENT);
	value = without_quotes(value);
	if (value.len >= size)
		return LB_E(NOSPC);
	memcpy(out, value.text, value.len);
	out[value.len] = '\0';
	return (int)value.len;
}

static bool starts(struct word w, const char *with)
{
	const size_t n = strlen(with);

	return w.len >= n && memcmp(w.text, with, n) == 0;
}

static struct word behind(struct word w, size_t n)
{
	return (struct word){w.text + n, w.len - n};
}

static size_t span(struct word w, const char *of)
{
	size_t n = 0;

	while (n < w.len && strchr(of, w.text[n]))
		n++;
	return n;
}

static bool is_ubi_number(struct word w)
{
	size_t n;

	if (w.len > 0 && span(w, "0123456789abcdefABCDEF:") == w.len)
		return true; /* "254:0", "fe00": whose device that is shows at the next boot only */
	if (starts(w, "/dev/"))
		w = behind(w, strlen("/dev/"));
	if (!starts(w, "ubi"))
		return false;
	w = behind(w, strlen(starts(w, "ubiblock") ? "ubiblock" : "ubi"));
	n = span(w, "0123456789");
	return n > 0 && (n == w.len || !strchr(":!", w.text[n])); /* UBIFS: ubi0:name, ubi0!name */
}

/* ubi.block=PATH, DEVICE,NUMBER or DEVICE,NAME: a number is never taken for a name. */
static bool is_block_number(struct word w)
{
	size_t at = 0;

	while (at < w.len && w.text[at] != ',')
		at++;
	if (at == w.len)
		return true;
	w = behind(w, at + 1);
	return span(w, "+-0123456789") == w.len;
}

bool lb_place_numbers_ubi(const char *place)
{
	return is_ubi_number((struct word){place, strlen(place)});
}

bool lb_cmdline_numbers_ubi(const char *cmdline)
{
	struct word w;

	while (next_word(&cmdline, &w)) {
		if (is_key(w, "root", 4) && is_ubi_number(without_quotes(behind(w, 5))))
			return true;
		if (is_key(w, "ubi.block", 9) && is_block_number(without_quotes(behind(w, 10))))
			return true;
	}
	return false;
}

enum lb_cmdline_switch lb_cmdline_switch(const char *cmdline, const char *key)
{
	char value[2];
	int len = lb_cmdline_get(cmdline, key, value, sizeof(value));

	if (len == LB_E(NOENT))
		return LB_SWITCH_UNSET;
	if (len != 1 || (value[0] != '0' && value[0] != '1'))
		return LB_SWITCH_INVALID;
	return value[0] == '1' ? LB_SWITCH_ON : LB_SWITCH_OFF;
}
