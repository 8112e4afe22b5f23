#include "plan/cmdline.h"

#include <stdbool.h>
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
