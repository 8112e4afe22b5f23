/* lifeline listen: the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "lifeline/listener.h"
#include "lifeline/sessions.h"
#include "lifeline/verb.h"

#define SECONDS_MAX 86400 /* a day */
#define USAGE_HINT  "; 'lifeline listen --help' lists the options\n"

struct described {
	char letter;
	const char *name, *arg, *help;
};

static const struct described options[] = {
#define OPTION(id, letter_, name_, arg_, help_) \
	{.letter = (letter_), .name = (name_), .arg = (arg_), .help = (help_)},
#include "tables/listen_options.def"
#undef OPTION
};

enum {
#define OPTION(id, letter, name, arg, help) OPT_##id = (letter),
#include "tables/listen_options.def"
#undef OPTION
	OPTION_COUNT = sizeof(options) / sizeof(options[0]),
};

static int print_help(void)
{
	lb_verb_print_usage("listen");
	(void)puts("");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		(void)printf("  -%c, --%-9s %-5s  %s\n", options[i].letter, options[i].name,
			     options[i].arg ? options[i].arg : "", options[i].help);
	(void)puts("\nMan page: lifeline-listen(1)");
	return LB_LINE_OK;
}

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

static int take(struct lb_listen_how *how, int letter, char **argv)
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
	case ':':
		(void)fprintf(stderr, "lifeline: %s needs a value" USAGE_HINT, argv[optind - 1]);
		return LB_LINE_USAGE;
	default:
		(void)fprintf(stderr, "lifeline: there is no option %s" USAGE_HINT,
			      argv[optind - 1]);
		return LB_LINE_USAGE;
	}
}

/* Fill in what getopt_long wants from the table. */
static void describe(struct option longs[OPTION_COUNT + 1], char shorts[2 * OPTION_COUNT + 2])
{
	*shorts++ = ':';
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct described *o = &options[i];

		longs[i] = (struct option){.name = o->name,
					   .has_arg = o->arg ? required_argument : no_argument,
					   .val = o->letter};
		*shorts++ = o->letter;
		if (o->arg)
			*shorts++ = ':';
	}
}

int verb_listen(int argc, char **argv)
{
	struct option longs[OPTION_COUNT + 1] = {0};
	char shorts[2 * OPTION_COUNT + 2] = "";
	struct lb_listen_how how = {0};
	int letter;

	describe(longs, shorts);
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int code = letter == OPT_HELP ? print_help() : take(&how, letter, argv);

		if (code != LB_LINE_OK || letter == OPT_HELP)
			return code;
	}
	if (optind < argc) {
		(void)fprintf(stderr, "lifeline: '%s' is one word too many" USAGE_HINT,
			      argv[optind]);
		return LB_LINE_USAGE;
	}
	return lb_listen(&how);
}
