#include "image/medkit_choice.h"

#include <string.h>

#include "image/version.h"

bool lb_medkit_is_minimal(const char *name)
{
	static const char mark[] = "medkit-min";
	const char *at = strstr(name, mark);
	const char after = at ? at[sizeof(mark) - 1] : '\0';

	return after == '-' || after == '.';
}

/* 1, -1, or 0: they do not differ, or it cannot be said. */
static int newer(const char *a, const char *b)
{
	const int a_least = lb_version_at_least(a, b), b_least = lb_version_at_least(b, a);

	if (a_least < 0 || b_least < 0)
		return 0;
	return a_least - b_least;
}

static int newer_name(const char *a, const char *b)
{
	struct lb_medkit_name x, y;

	if (lb_medkit_name_parse(&x, a) < 0 || lb_medkit_name_parse(&y, b) < 0)
		return 0;
	return newer(x.version, y.version);
}

bool lb_medkit_is_meant(const struct lb_medkit_candidate *a, const struct lb_medkit_candidate *b)
{
	const bool a_minimal = lb_medkit_is_minimal(a->name);
	int order;

	if (a_minimal != lb_medkit_is_minimal(b->name))
		return !a_minimal;
	order = newer(a->version, b->version);
	if (order == 0)
		order = newer_name(a->name, b->name);
	return order > 0;
}
