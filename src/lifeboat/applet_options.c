#include "lifeboat/applet_options.h"

#include <getopt.h>
#include <stdio.h>

int lb_applet_bad_option(const char *applet, int c, const char *word)
{
	(void)fprintf(stderr, "lifeboat %s: '%s' %s; 'lifeboat %s --help' lists the options\n",
		      applet, word, c == ':' ? "lacks its value" : "is not known", applet);
	return LB_EXIT_USAGE;
}

int lb_applet_door(const char *applet, const char *name, enum lb_door *out)
{
	const int door = lb_door_by_name(name);

	_Static_assert(LB_DOOR_COUNT == 3, "the sentence below lists the doors");
	if (door < 0) {
		(void)fprintf(stderr, "lifeboat %s: --door takes %s, %s or %s, not '%s'\n", applet,
			      lb_door_name(0), lb_door_name(1), lb_door_name(2), name);
		return LB_EXIT_USAGE;
	}
	*out = (enum lb_door)door;
	return LB_EXIT_OK;
}

int lb_applet_image(const char *applet, int argc, char **argv, const char **out)
{
	if (optind + 1 != argc) {
		(void)fprintf(stderr, "lifeboat %s: %s\n", applet,
			      optind == argc
				      ? "give the name of an image, or - for the standard input"
				      : "one image at a time");
		return LB_EXIT_USAGE;
	}
	*out = argv[optind];
	return LB_EXIT_OK;
}

int lb_applet_board(const char *applet, const char *path, struct lb_board *out)
{
	char why[LB_SENTENCE_MAX];
	int rc;

	lb_board_defaults(out);
	rc = lb_board_load(out, path ? path : LB_BOARD_FILE, why);
	if (rc == 0 || (rc == LB_E(NOENT) && !path))
		return LB_EXIT_OK;
	(void)fprintf(stderr, "lifeboat %s: %s\n", applet, why);
	return rc == LB_E(NOENT) || rc == LB_E(FORMAT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
}
