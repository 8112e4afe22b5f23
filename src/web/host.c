#include "web/host.h"

#include <stddef.h>
#include <string.h>

#define PORT ":80"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool is_same(const char *host, const char *ours)
{
	const size_t n = strlen(ours);

	for (size_t i = 0; i < n; i++)
		if (lower(host[i]) != lower(ours[i])) /* a NUL ends it too */
			return false;
	return n > 0 && (host[n] == '\0' || strcmp(host + n, PORT) == 0);
}

bool lb_host_is_ours(const char *host, const char *address, const char *name)
{
	return !host || is_same(host, address) || is_same(host, name);
}
