/* lifeline listen: the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "lifeline/listener.h"
#include "lifeline/options.h"
#include "lifeline/sessions.h"
#include "lifeline/verb.h"

#define SECONDS_MAX 86400 /* a day */

static const struct lb_option options[] = {
#define OPTION LB_OPTION_ROW
#include "tables/listen_options.def"
#undef OPTION
};

enum {
#define OPTION(id, letter, name, arg, help) OPT_##id = (letter),
#include "tables/listen_options.def"
#undef OPTION
	OPTION_COUNT = sizeof(options) / sizeof(options[0]),
};

/* The number, or 0 when it is none or not in 1..max. */
static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || n > max)
		return 0;
	return (unsigned)n;
}

static int take_number(unsigned *out, const char *option, unsigned max)
{
	*out = number(optarg, max);
	if (*out > 0)
		return LB_LINE_OK;
	(void)fprintf(stderr, "lifeline: --%s takes a number from 1 to %u, not '%s'\n", option, max,
		      optarg);
	return LB_LINE_USAGE;
}

static int take_interface(struct lb_listen_how *how)
{
	if (how->interface_count == LB_LINKS_MAX) {
		(void)fprintf(stderr, "lifeline: more than %d interfaces are too many\n",
			      LB_LINKS_MAX);
		return LB_LINE_USAGE;
	}
	how->interfaces[how->interface_count++] = optarg;
	return LB_LINE_OK;
}

static int take(struct lb_listen_how *how, int letter)
{
	switch (letter) {
	case OPT_INTERFACE:
		return take_interface(how);
	case OPT_SECONDS:
		return take_number(&how->seconds, "seconds", SECONDS_MAX);
	case OPT_COUNT:
		return take_number(&how->count, "count", LB_SESSIONS_MAX);
	case OPT_JSON:
		how->json = true;
		return LB_LINE_OK;
	default:
		return LB_LINE_USAGE;
	}
}

int verb_listen(int argc, char **argv)
{
	struct lb_listen_how how = {0};
	int letter;

	while ((letter = lb_options_next(argc, argv, options, OPTION_COUNT)) != LB_OPTIONS_END) {
		int code;

		if (letter == OPT_HELP) {
			lb_options_print_help("listen", options, OPTION_COUNT);
			return LB_LINE_OK;
		}
		code = take(&how, letter);
		if (code != LB_LINE_OK)
			return code;
	}
	if (optind < argc) {
		(void)fprintf(stderr,
			      "lifeline: '%s' is one word too many; 'lifeline listen --help' lists "
			      "the options\n",
			      argv[optind]);
		return LB_LINE_USAGE;
	}
	return lb_listen(&how);
}
