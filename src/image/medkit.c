#include "image/medkit.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *prefix, *board;
} device_trees[] = {
	{"boot/armada-3720-turris-mox", "mox"},
	{"boot/armada-385-turris-omnia", "omnia"},
};

/* Where the digits of a time stamp, or "latest", start: behind the last '-' of the name. */
static const char *version_in(const char *name, size_t n)
{
	const char *dash = memrchr(name, '-', n);
	const char *at = dash ? dash + 1 : name;
	size_t len = (size_t)(name + n - at);
	bool digits = len > 0;

	for (size_t i = 0; i < len; i++)
		digits = digits && at[i] >= '0' && at[i] <= '9';
	return dash && (digits || (len == 6 && memcmp(at, "latest", 6) == 0)) ? at : NULL;
}

int lb_medkit_name_parse(struct lb_medkit_name *out, const char *path)
{
	static const char end[] = ".tar.gz", mark[] = "-medkit", front[] = "medkit-";
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const size_t len = strlen(name), end_len = sizeof(end) - 1;
	const char *version, *board = name, *stop;
	size_t n;

	if (len <= end_len || strcmp(name + len - end_len, end) != 0)
		return LB_E(FORMAT);
	n = len - end_len;
	version = version_in(name, n);
	stop = memmem(name, n, mark, sizeof(mark) - 1);
	if (!stop) {
		if (strncmp(name, front, sizeof(front) - 1) != 0)
			return LB_E(FORMAT);
		board = name + sizeof(front) - 1;
		stop = memmem(board, (size_t)(name + n - board), "-contract", 9);
		if (!stop)
			stop = version ? version - 1 : name + n;
	}
	if (stop <= board || (size_t)(stop - board) >= LB_NAME_MAX)
		return LB_E(FORMAT);
	(void)snprintf(out->board, sizeof(out->board), "%.*s", (int)(stop - board), board);
	(void)snprintf(out->version, sizeof(out->version), "%.*s",
		       version ? (int)(name + n - version) : 0, version ? version : "");
	return 0;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

void lb_medkit_member(struct lb_medkit_content *c, const char *name)
{
	c->init = c->init || strcmp(name, "sbin/init") == 0;
	c->version = c->version || strcmp(name, "etc/turris-version") == 0;
	c->settings = c->settings || starts_with(name, "etc/config/");
	c->boot = c->boot || (starts_with(name, "boot/") && name[5]);
	for (size_t i = 0; i < sizeof(device_trees) / sizeof(device_trees[0]); i++) {
		if (!starts_with(name, device_trees[i].prefix))
			continue;
		if (c->board && strcmp(c->board, device_trees[i].board) != 0)
			c->boards_differ = true;
		c->board = device_trees[i].board;
	}
}
