#include "store/board_ports.h"

#include <stdio.h>
#include <string.h>

#include "store/board_say.h"

bool lb_board_is_port_name(const char *text)
{
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || *text == '/' || *text == ':')
			return false;
	return true;
}

static bool has_port(char (*ports)[LB_IFNAME_MAX], size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ports[i], name) == 0)
			return true;
	return false;
}

int lb_board_add_port(struct lb_board *b, enum lb_board_kind kind, const char *text,
		      char what[LB_SENTENCE_MAX])
{
	const bool is_lan = kind == LB_KIND_LAN_PORT;
	char(*ports)[LB_IFNAME_MAX] = is_lan ? b->lan_ports : b->wan_ports;
	size_t *count = is_lan ? &b->lan_port_count : &b->wan_port_count;
	const struct lb_shown shown = lb_board_show(text);

	if (!lb_board_is_port_name(text))
		return lb_board_refuse(what,
				       "must list network interfaces such as \"eth0\", not \"%s\"",
				       shown.text);
	if (has_port(ports, *count, text))
		return lb_board_refuse(what, "lists \"%s\" twice: take one of them out",
				       shown.text);
	if (*count == LB_LAN_PORTS_MAX)
		return lb_board_refuse(what, "must list at most %d ports", LB_LAN_PORTS_MAX);
	memcpy(ports[(*count)++], text, strlen(text) + 1);
	return 0;
}
