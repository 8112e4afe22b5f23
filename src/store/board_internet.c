#include "store/board_internet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "store/board_say.h"

/* A host, and the name of a file behind the last slash: the board of a medkit stands in it. */
static bool is_url(const char *text)
{
	static const char scheme[] = "https://";
	const char *host = text + sizeof(scheme) - 1, *slash;

	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
		return false;
	for (const char *c = host; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	slash = strrchr(host, '/');
	return slash && slash > host && slash[1];
}

static bool is_address(const char *text)
{
	unsigned char any[16];

	return inet_pton(AF_INET, text, any) == 1 || inet_pton(AF_INET6, text, any) == 1;
}

static int add_server(struct lb_board *board, const char *text, char what[LB_SENTENCE_MAX])
{
	if (!is_address(text))
		return lb_board_refuse(
			what,
			"must list addresses of name servers such as \"9.9.9.9\", not "
			"\"%s\"",
			lb_board_show(text).text);
	if (board->internet_dns_count == LB_DNS_MAX)
		return lb_board_refuse(what, "must list at most %d servers", LB_DNS_MAX);
	memcpy(board->internet_dns[board->internet_dns_count++], text, strlen(text) + 1);
	return 0;
}

int lb_board_set_internet(struct lb_board *board, enum lb_board_kind kind, const char *text,
			  char what[LB_SENTENCE_MAX])
{
	if (kind == LB_KIND_NAME_SERVER)
		return add_server(board, text, what);
	if (text[0] && !is_url(text))
		return lb_board_refuse(
			what,
			"must be the address of a medkit such as "
			"\"https://example.org/router-medkit-latest.tar.gz\", not \"%s\"",
			lb_board_show(text).text);
	memcpy(board->internet_url, text, strlen(text) + 1);
	return 0;
}

bool lb_board_lacks_url(const struct lb_board *board)
{
	for (size_t i = 0; i < board->menu_mode_count; i++)
		if (board->menu_modes[i] == LB_MODE_INTERNET)
			return !board->internet_url[0];
	return false;
}
