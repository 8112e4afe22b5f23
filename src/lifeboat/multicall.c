/* One static binary, many names: "lifeboat APPLET", or a symlink with the name of an applet. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lifeboat/applet.h"

struct applet {
	const char *name, *alias, *args, *help;
	int (*run)(int argc, char **argv);
};

static const struct applet applets[] = {
#define APPLET(id, name_, alias_, args_, help_) \
	{.name = (name_), .alias = (alias_), .args = (args_), .help = (help_), .run = applet_##id},
#include "tables/applets.def"
#undef APPLET
	{0},
};

/* Is `name` one of the words, which single blanks separate? */
static bool is_word_of(const char *words, const char *name)
{
	size_t len = strlen(name);
	const char *at = words;

	while (len > 0 && (at = strstr(at, name))) {
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
		at += len;
	}
	return false;
}

static const struct applet *applet_by_name(const char *name)
{
	for (const struct applet *a = applets; a->name; a++)
		if (strcmp(a->name, name) == 0 || is_word_of(a->alias, name))
			return a;
	return NULL;
}

static void print_usage(FILE *to)
{
	(void)fprintf(to, "usage: lifeboat APPLET [ARGUMENT...]\n"
			  "       lifeboat --help | --version\n\n");
	for (const struct applet *a = applets; a->name; a++)
		(void)fprintf(to, "  %-11s %-16s%s%s\n", a->name, a->args,
			      strlen(a->args) > 16 ? "\n                               " : " ",
			      a->help);
	(void)fprintf(to, "\nEach applet has a man page: lifeboat-APPLET(8).\n");
}

static int print_applet_help(const struct applet *a)
{
	(void)printf("usage: lifeboat %s%s%s\n\n%s\n\nMan page: lifeboat-%s(8)\n", a->name,
		     a->args[0] ? " " : "", a->args, a->help, a->name);
	return LB_EXIT_OK;
}

static int run_applet(const struct applet *a, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return print_applet_help(a);
	return a->run(argc, argv);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return name[0] == '-' ? name + 1 : name; /* "-shell": a login shell */
}

int main(int argc, char **argv)
{
	/* The kernel starts us as /init, /sbin/init or whatever init= says: only the pid tells. */
	const char *name = getpid() == 1 ? "init" : argc > 0 ? base_name(argv[0]) : "";
	const struct applet *a = applet_by_name(name);

	if (a)
		return run_applet(a, argc, argv);
	if (argc < 2) {
		print_usage(stderr);
		return LB_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return LB_EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("lifeboat " LB_VERSION);
		return LB_EXIT_OK;
	}
	a = applet_by_name(argv[1]);
	if (a)
		return run_applet(a, argc - 1, argv + 1);
	(void)fprintf(stderr, "lifeboat: there is no applet '%s'; 'lifeboat --help' lists them\n",
		      argv[1]);
	return LB_EXIT_USAGE;
}
