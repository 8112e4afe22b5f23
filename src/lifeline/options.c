#include "lifeline/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static void print_usage(const char *verb)
{
#define VERB(id, name, args, help)   \
	if (strcmp(verb, name) == 0) \
		(void)puts("usage: lifeline " name " " args "\n\n" help ".");
#include "tables/verbs.def"
#undef VERB
}

void lb_options_print_help(const char *verb, const struct lb_option *options, size_t n)
{
	print_usage(verb);
	(void)puts("");
	for (size_t i = 0; i < n; i++)
		(void)printf("  -%c, --%-9s %-5s  %s\n", options[i].letter, options[i].name,
			     options[i].arg ? options[i].arg : "", options[i].help);
	(void)printf("\nMan page: lifeline-%s(1)\n", verb);
}

int lb_options_next(int argc, char **argv, const struct lb_option *options, size_t n)
{
	struct option longs[LB_OPTIONS_MAX + 1] = {0};
	char shorts[2 * LB_OPTIONS_MAX + 2] = "", *end = shorts;
	int letter;

	*end++ = ':';
	for (size_t i = 0; i < n && i < LB_OPTIONS_MAX; i++) {
		const struct lb_option *o = &options[i];

		longs[i] = (struct option){.name = o->name,
					   .has_arg = o->arg ? required_argument : no_argument,
					   .val = o->letter};
		*end++ = o->letter;
		if (o->arg)
			*end++ = ':';
	}
	*end = '\0';
	letter = getopt_long(argc, argv, shorts, longs, NULL);
	if (letter != ':' && letter != '?')
		return letter;
	if (letter == ':')
		(void)fprintf(stderr, "lifeline: %s needs a value", argv[optind - 1]);
	else
		(void)fprintf(stderr, "lifeline: there is no option %s", argv[optind - 1]);
	(void)fprintf(stderr, "; 'lifeline %s --help' lists the options\n", argv[0]);
	return '?';
}
