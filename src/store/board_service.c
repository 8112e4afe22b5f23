#include "store/board_service.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/board_say.h"

/* Digits only: strtoul() alone would take blanks and signs. */
static int parse_port(const char *text, unsigned *out)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || n == 0 || n > UINT16_MAX)
		return LB_E(FORMAT);
	*out = (unsigned)n;
	return 0;
}

static int parse(struct lb_health_service *out, const char *text)
{
	const char *rest = text + sizeof("tcp:") - 1;

	if (strncmp(text, "tcp:", 4) == 0) {
		out->kind = LB_SERVICE_TCP;
		return parse_port(rest, &out->port);
	}
	if ((strncmp(text, "pid:", 4) != 0 && strncmp(text, "run:", 4) != 0) || rest[0] != '/')
		return LB_E(FORMAT);
	out->kind = text[0] == 'p' ? LB_SERVICE_PID : LB_SERVICE_RUN;
	memcpy(out->what, rest, strlen(rest) + 1);
	return 0;
}

int lb_board_add_service(struct lb_board *board, enum lb_board_kind kind, const char *text,
			 char what[LB_SENTENCE_MAX])
{
	struct lb_health_service service = {0};

	if (parse(&service, text) < 0)
		return lb_board_refuse(
			what,
			"must list services such as \"tcp:22\", \"pid:/run/dropbear.pid\" "
			"or \"run:/usr/sbin/is-online\", not \"%s\"",
			lb_board_show(text).text);
	if (board->health_service_count == LB_HEALTH_MAX)
		return lb_board_refuse(what, "must list at most %d services", LB_HEALTH_MAX);
	board->health_services[board->health_service_count++] = service;
	return 0;
}
