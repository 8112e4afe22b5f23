/* lifeline/options.h - the options of a verb, from its table. */
#pragma once

#include <stddef.h>

struct lb_option {
	char letter;
	const char *name, *arg, *help; /* arg NULL = takes none */
};

/* How each verb's table of options becomes an array. */
#define LB_OPTION_ROW(id, letter_, name_, arg_, help_) \
	{.letter = (letter_), .name = (name_), .arg = (arg_), .help = (help_)},

#define LB_OPTIONS_MAX 16
#define LB_OPTIONS_END (-1)

/* The letter of the next option, its value in optarg; LB_OPTIONS_END when only operands are left,
 * from argv[optind]; '?' when something is wrong, which stderr says. */
int lb_options_next(int argc, char **argv, const struct lb_option *options, size_t n);

/* What the verb does, as in tables/verbs.def, and its options. */
void lb_options_print_help(const char *verb, const struct lb_option *options, size_t n);
