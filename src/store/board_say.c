#include "store/board_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct lb_shown lb_board_show(const char *text)
{
	struct lb_shown s = {0};
	size_t n = 0;

	for (; text[n] && n < sizeof(s.text) - 1; n++)
		s.text[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	if (text[n])
		memset(s.text + n - 3, '.', 3);
	return s;
}

struct lb_shown lb_board_key_path(const struct lb_board_key *key)
{
	struct lb_shown s;

	(void)snprintf(s.text, sizeof(s.text), "%s%s%s", key->section, key->section[0] ? "." : "",
		       key->name);
	return s;
}

int lb_board_refuse(char what[LB_SENTENCE_MAX], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(what, LB_SENTENCE_MAX, fmt, args);
	va_end(args);
	return LB_E(FORMAT);
}
