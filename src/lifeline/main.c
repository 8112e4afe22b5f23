#include <stdio.h>
#include <string.h>

#include "lifeline/verb.h"

struct verb {
	const char *name, *args, *help;
	int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
#define VERB(id, name_, args_, help_) \
	{.name = (name_), .args = (args_), .help = (help_), .run = verb_##id},
#include "tables/verbs.def"
#undef VERB
};

static const struct verb *verb_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void print_usage(FILE *to)
{
	(void)fputs("usage: lifeline VERB [ARGUMENT...]\n"
		    "       lifeline --help | --version\n\n"
		    "Finds routers in trouble on the wire and says what to do.\n\nVerbs:\n",
		    to);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		(void)fprintf(to, "  %s %s\n      %s\n", verbs[i].name, verbs[i].args,
			      verbs[i].help);
	(void)fputs("\nExit status:\n", to);
#define EXIT(id, code, help) (void)fprintf(to, "  %3d  %s\n", (code), (help));
#include "tables/lifeline_exits.def"
#undef EXIT
	(void)fputs("\n'lifeline VERB --help' lists the options of a verb; its man page is "
		    "lifeline-VERB(1).\n",
		    to);
}

int main(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? verb_by_name(argv[1]) : NULL;

	if (verb)
		return verb->run(argc - 1, argv + 1);
	if (argc < 2) {
		print_usage(stderr);
		return LB_LINE_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return LB_LINE_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("lifeline " LB_VERSION);
		return LB_LINE_OK;
	}
	(void)fprintf(stderr, "lifeline: there is no verb '%s'; 'lifeline --help' lists them\n",
		      argv[1]);
	return LB_LINE_USAGE;
}
