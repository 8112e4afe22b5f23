#include "plan/cmdline.h"

#include <stdbool.h>
#include <string.h>

struct word {
	const char *text;
	size_t len;
};

/* The next word; a double quote keeps blanks inside, as in the kernel's own parser. len 0 at the
 * end. */
static struct word next_word(const char **at)
{
	struct word w;
	bool quoted = false;

	*at += strspn(*at, " \t\n");
	w.text = *at;
	for (; **at && (quoted || !strchr(" \t\n", **at)); ++*at)
		quoted ^= **at == '"';
	w.len = (size_t)(*at - w.text);
	return w;
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

	while ((w = next_word(&cmdline)).len > 0)
		if (is_key(w, key, key_len))
			value = (struct word){w.text + key_len + 1, w.len - key_len - 1};
	if (!value.text)
		return LB_E(NOENT);
	if (value.len >= 2 && value.text[0] == '"' && value.text[value.len - 1] == '"')
		value = (struct word){value.text + 1, value.len - 2};
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
