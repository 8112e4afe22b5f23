/* The command line of sysupgrade, and what it says on stderr. */
#include "lifeboat/upgrade/sysupgrade_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lifeboat/applet.h"
#include "tables/limits.h"

enum {
	NO_REBOOT = 256,
	IGNORE_MINOR,
	SYSROOT,
};

static const struct option long_options[] = {
	{"create-backup", required_argument, NULL, 'b'},
	{"restore-backup", required_argument, NULL, 'r'},
	{"list-backup", no_argument, NULL, 'l'},
	{"test", no_argument, NULL, 'T'},
	{"force", no_argument, NULL, 'F'},
	{"help", no_argument, NULL, 'h'},
	{"ignore-minor-compat-version", no_argument, NULL, IGNORE_MINOR},
	{"no-reboot", no_argument, NULL, NO_REBOOT},
	{"sysroot", required_argument, NULL, SYSROOT},
	{0},
};

void lb_sysupgrade_usage(void)
{
	(void)fputs(
		"usage: sysupgrade [OPTION]... IMAGE | -    install an image, - is standard input\n"
		"       sysupgrade [OPTION]... -b FILE | -r FILE | -l\n\n"
		"  -n            keep no settings\n"
		"  -f FILE       give the new system the settings of this archive\n"
		"  -c            keep also what was changed in /etc\n"
		"  -o            keep also what was changed anywhere, but for files of packages\n"
		"  -u            do not keep what is as the system has it\n"
		"  -k            keep a list of the installed packages\n"
		"  -T, --test    only check the image\n"
		"  -F, --force   take an image for another board or for other settings\n"
		"  --ignore-minor-compat-version\n"
		"                a minor difference of compat_version does not matter\n"
		"  -i            ask before\n"
		"  -p            accepted: a partition table is never written here\n"
		"  -s            stay on this slot: refused where there are two\n"
		"  --no-reboot   a second slot: all but the reboot\n"
		"  -q, -v        say less, more\n\n"
		"  -b, --create-backup FILE    save the settings in a file, - is standard output\n"
		"  -r, --restore-backup FILE   put saved settings back\n"
		"  -l, --list-backup           list what would be saved\n"
		"  --sysroot DIR               -b and -l: of the system below DIR\n\n"
		"Man page: lifeboat-sysupgrade(8)\n",
		stdout);
}

void lb_sysupgrade_say(const struct lb_sysupgrade *o, const char *fmt, ...)
{
	va_list args;

	if (o->verbose < 1)
		return;
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

static bool take_switch(int c, struct lb_sysupgrade *o)
{
	static const char letters[] = "nlkoucTFipsh";
	bool *const flags[] = {
		&o->drop,	 &o->list, &o->packages, &o->changed_all, &o->skip_same,
		&o->changed_etc, &o->test, &o->force,	 &o->interactive, &o->keep_partitions,
		&o->stay,	 &o->help};
	const char *at = c > 0 && c < 128 ? strchr(letters, c) : NULL;

	if (at)
		*flags[at - letters] = true;
	return at;
}

static bool take_option(int c, struct lb_sysupgrade *o)
{
	switch (c) {
	case 'b':
		o->create = optarg;
		return true;
	case 'r':
		o->restore = optarg;
		return true;
	case 'f':
		o->archive = optarg;
		return true;
	case SYSROOT:
		o->sysroot = strcmp(optarg, "/") == 0 ? "" : optarg;
		return true;
	case IGNORE_MINOR:
		o->ignore_minor = true;
		return true;
	case NO_REBOOT:
		o->reboot = false;
		return true;
	case 'q':
		o->verbose = 0;
		return true;
	case 'v':
		o->verbose = 2;
		return true;
	default:
		return take_switch(c, o);
	}
}

/* What goes together with nothing else says so in one sentence. */
static const char *conflict(const struct lb_sysupgrade *o)
{
	const int commands = (o->create != NULL) + (o->restore != NULL) + o->list;
	const bool choice = o->changed_etc || o->changed_all || o->skip_same || o->packages;

	if (o->help)
		return NULL;
	if (commands > 1)
		return "-b, -r and -l are three commands: one at a time";
	if (commands && o->image)
		return "-b, -r and -l come without an image: save first, then upgrade";
	if (commands && (o->drop || o->archive || o->test || o->force || o->ignore_minor ||
			 o->interactive || o->stay || !o->reboot))
		return "-b, -r and -l only save, restore and list: leave the options of an upgrade away";
	if (!commands && !o->image)
		return "give the name of an image, - for standard input, or one of -b, -r and -l";
	if (o->restore && choice)
		return "-r restores all of an archive: leave -c, -o, -u and -k away";
	if (o->drop && (o->archive || choice))
		return "-n keeps no settings: leave it away, or -f, -c, -o, -u and -k";
	if (o->archive && choice)
		return "-f brings settings of its own: leave it away, or -c, -o, -u and -k";
	if (o->interactive && o->image && strcmp(o->image, "-") == 0)
		return "-i asks on standard input, from which the image would come: give the image as a file";
	if (o->sysroot[0] && !o->create && !o->list)
		return "--sysroot goes with -b and -l only";
	return NULL;
}

static int refuse(const char *sentence)
{
	(void)fprintf(stderr, "sysupgrade: %s; 'sysupgrade -h' lists the options\n", sentence);
	return LB_EXIT_USAGE;
}

int lb_sysupgrade_options(int argc, char **argv, struct lb_sysupgrade *out)
{
	char sentence[LB_SENTENCE_MAX];
	const char *wrong;
	int c;

	*out = (struct lb_sysupgrade){.sysroot = "", .reboot = true, .verbose = 1};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":nb:r:lkoucf:TFvqipsh", long_options, NULL)) != -1) {
		if (take_option(c, out))
			continue;
		(void)snprintf(sentence, sizeof(sentence), "'%.100s' %s", argv[optind - 1],
			       c == ':' ? "lacks its value" : "is not known");
		return refuse(sentence);
	}
	if (argc - optind > 1)
		return refuse("one image at a time");
	out->image = argv[optind];
	wrong = conflict(out);
	return wrong ? refuse(wrong) : LB_EXIT_OK;
}
