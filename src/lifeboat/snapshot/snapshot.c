/* Snapshots of a root on btrfs; schnapps is the name that users of Turris routers know. Messages
 * that their front ends read are schnapps's. */
#include "lifeboat/snapshot/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "lifeboat/applet.h"

#define MOUNT_DIR "/mnt/snapshot-"

/* "TEXT" for -t TEXT and -tTEXT. NULL: not this option; it ends the command line otherwise. */
static const char *option_value(int argc, char **argv, int *i, char letter)
{
	const char *a = argv[*i];

	if (a[0] != '-' || a[1] != letter)
		return NULL;
	if (a[2])
		return a + 2;
	return *i + 1 < argc ? argv[++*i] : "";
}

static int given_type(const char *name)
{
	int type = lb_snapshot_type_by_name(name);

	return type >= 0 && lb_snapshot_type_is_given((enum lb_snapshot_type)type) ? type
										   : LB_E(NOENT);
}

static int refuse_type(const char *name)
{
	return lb_snapshot_usage("the type is one of single, time, pre, post and save, and not ",
				 name);
}

static int create(struct lb_snapshot_session *s, int argc, char **argv)
{
	char text[LB_SNAPSHOT_TEXT_MAX + 1] = "";
	int type = LB_SNAPSHOT_SINGLE, i = 1, code;
	bool only_number = false;
	struct lb_snapshot_info info = {0};
	uint32_t number;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *name = option_value(argc, argv, &i, 't');

		if (name && (type = given_type(name)) < 0)
			return refuse_type(name);
		if (!name && strcmp(argv[i], "-n") != 0)
			return lb_snapshot_usage("create does not know ", argv[i]);
		only_number = only_number || !name;
	}
	for (; i < argc; i++) {
		size_t n = strlen(text);

		(void)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", argv[i]);
	}
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	info.type = (enum lb_snapshot_type)type;
	if (code == LB_EXIT_OK)
		code = lb_snapshot_make(s, &info, text[0] ? text : "User created snapshot",
					&number);
	if (code == LB_EXIT_OK)
		(void)printf(only_number ? "%u\n" : "Snapshot number %u created\n", number);
	return code;
}

static int modify(struct lb_snapshot_session *s, int argc, char **argv)
{
	const char *text = NULL;
	struct lb_snapshot_info info;
	int type = -1, code, rc;
	uint32_t number;

	if (argc < 2 || lb_snapshot_parse_word(&number, argv[1]) < 0 ||
	    number == LB_SNAPSHOT_FACTORY || number == LB_SNAPSHOT_CURRENT)
		return lb_snapshot_usage("modify takes the number of a snapshot", "");
	for (int i = 2; i < argc; i++) {
		const char *name = option_value(argc, argv, &i, 't');
		const char *said = name ? NULL : option_value(argc, argv, &i, 'd');

		if (name && (type = given_type(name)) < 0)
			return refuse_type(name);
		if (!name && !said)
			return lb_snapshot_usage("modify does not know ", argv[i]);
		text = said ? said : text;
	}
	if (type < 0 && !text)
		return lb_snapshot_usage("say what to modify: -t TYPE, -d TEXT", "");
	code = lb_snapshot_open(s, LB_SNAPSHOT_CHANGE);
	if (code != LB_EXIT_OK || !lb_snapshot_exists(s, number))
		return code == LB_EXIT_OK ? LB_EXIT_NO : code;
	info = (struct lb_snapshot_info){0};
	rc = lb_snapshots_info(&s->plat, number, &info);
	if (rc < 0)
		lb_snapshot_date(info.created);
	if (type >= 0)
		info.type = (enum lb_snapshot_type)type;
	if (text && lb_snapshot_filter(info.description, text))
		log_info(
			"the description was changed: letters, digits and .,?!()/;:<>- may stand there");
	rc = lb_snapshots_modify(&s->plat, &s->set, number, &info);
	if (rc < 0) {
		log_err("snapshot %u cannot be modified: the file system %s", number,
			lb_snapshot_why(rc));
		return LB_EXIT_SYSTEM;
	}
	(void)printf("Snapshot number %u modified\n", number);
	return LB_EXIT_OK;
}

/* Durable before it is told to be over. */
static int end_deletion(struct lb_snapshot_session *s, int code)
{
	int rc = s->plat.sync(s->plat.ctx);

	if (rc == 0) {
		lb_snapshot_finish(s);
		return code;
	}
	log_err("what was deleted may come back after a power cut: the file system %s",
		lb_snapshot_why(rc));
	return LB_EXIT_SYSTEM;
}

static int delete_numbers(struct lb_snapshot_session *s, int argc, char **argv, bool all)
{
	int code = LB_EXIT_OK;

	for (int i = 1; i < argc; i++) {
		uint32_t number;
		int one;

		if (argv[i][0] == '-')
			continue;
		if (lb_snapshot_parse_word(&number, argv[i]) < 0) {
			log_err("'%s' is no number of a snapshot", argv[i]);
			one = LB_EXIT_NO;
		} else if (number == LB_SNAPSHOT_FACTORY || number == LB_SNAPSHOT_CURRENT) {
			log_err("%s is not deleted: the router could not be reset or started without it",
				number == LB_SNAPSHOT_FACTORY ? "the factory state"
							      : "the current state");
			one = LB_EXIT_NO;
		} else {
			one = lb_snapshot_delete_one(s, number, all);
		}
		code = one > code ? one : code;
	}
	return code;
}

static int delete (struct lb_snapshot_session *s, int argc, char **argv)
{
	const char *name = NULL;
	bool all = false;
	int numbers = 0, type = -1, code;

	for (int i = 1; i < argc; i++) {
		const char *said = option_value(argc, argv, &i, 't');

		if (said)
			name = said;
		else if (strcmp(argv[i], "--nested") == 0)
			all = true;
		else if (argv[i][0] == '-')
			return lb_snapshot_usage("delete does not know ", argv[i]);
		else
			numbers++;
	}
	if (name && (type = lb_snapshot_type_by_name(name)) < 0)
		return refuse_type(name);
	if (!name == !numbers)
		return lb_snapshot_usage("delete takes numbers of snapshots, or -t TYPE", "");
	code = lb_snapshot_open(s, LB_SNAPSHOT_FREE);
	if (code != LB_EXIT_OK)
		return code;
	code = type >= 0 ? lb_snapshot_delete_type(s, (enum lb_snapshot_type)type, all)
			 : delete_numbers(s, argc, argv, all);
	return end_deletion(s, code);
}

static int mount_some(struct lb_snapshot_session *s, int argc, char **argv)
{
	int code = argc < 2 ? lb_snapshot_usage("mount takes numbers of snapshots", "")
			    : lb_snapshot_open(s, LB_SNAPSHOT_LOOK);

	for (int i = 1; code == LB_EXIT_OK && i < argc; i++) {
		char name[LB_SNAPSHOT_NAME_MAX], where[sizeof(MOUNT_DIR) + LB_SNAPSHOT_NAME_MAX];
		uint32_t number;
		int rc;

		if (lb_snapshot_parse_word(&number, argv[i]) < 0)
			return lb_snapshot_usage("no number of a snapshot: ", argv[i]);
		if (!lb_snapshot_exists(s, number))
			return LB_EXIT_NO;
		lb_snapshot_name(number, name);
		(void)snprintf(where, sizeof(where), MOUNT_DIR "%s", name);
		(void)mkdir("/mnt", 0755);
		rc = lb_btrfs_mount(&s->fs, name, where);
		if (rc < 0) {
			log_err("snapshot %s cannot be mounted on %s: it %s", argv[i], where,
				lb_strerror(rc));
			return LB_EXIT_SYSTEM;
		}
		(void)printf("Snapshot %s mounted in %s\n", argv[i], where);
	}
	return code;
}

static int commit(struct lb_snapshot_session *s, int argc, char **argv)
{
	int code = argc > 1 ? lb_snapshot_usage("commit does not know ", argv[1])
			    : lb_snapshot_open(s, LB_SNAPSHOT_FREE);

	if (code != LB_EXIT_OK)
		return code;
	return end_deletion(s, lb_snapshot_delete_type(s, LB_SNAPSHOT_SAVE, false));
}

static int cleanup(struct lb_snapshot_session *s, int argc, char **argv)
{
	int code = lb_snapshot_cleanup(s, argc, argv);

	return s->fs.top >= 0 ? end_deletion(s, code) : code;
}

static int version(struct lb_snapshot_session *s, int argc, char **argv)
{
	(void)puts("lifeboat " LB_VERSION);
	return LB_EXIT_OK;
}

static int help(struct lb_snapshot_session *s, int argc, char **argv);

/* As in the man page, which a test compares. */
static const struct {
	const char *name, *args, *help;
	int (*run)(struct lb_snapshot_session *s, int argc, char **argv);
} commands[] = {
	{"auto", "[-q] [--board FILE] weekly | update",
	 "make the one that the board file asks for, if it is due; -q: say once less",
	 lb_snapshot_auto},
	{"cleanup", "[-c]",
	 "delete what is more than is to be kept; -c: what is the same twice too", cleanup},
	{"cmp", "[A] [B] [PATH]", "say which files differ", lb_snapshot_cmp},
	{"commit", "", "what was tried stays: the savepoint goes", commit},
	{"create", "[-n] [-t TYPE] [TEXT...]", "make a snapshot; -n: print its number only",
	 create},
	{"delete", "[--nested] NUMBER... | -t TYPE", "delete snapshots", delete},
	{"diff", "[A] [B] [PATH]", "show how text files differ", lb_snapshot_diff},
	{"export", "[NUMBER | factory | current] DIRECTORY | -",
	 "a state as a medkit, into a directory or to standard output", lb_snapshot_export},
	{"factory-version", "", "of the factory state, 0 when it says none",
	 lb_snapshot_factory_version},
	{"help", "", "this text", help},
	{"import", "FILE.info | -f [--board FILE] MEDKIT",
	 "an exported state as a snapshot; -f: a medkit, or its https address, as the factory state",
	 lb_snapshot_import},
	{"list", "[-j | -c]", "show all; -j: as JSON, -c: as CSV", lb_snapshot_list},
	{"modify", "NUMBER [-t TYPE] [-d TEXT]", "change type or description", modify},
	{"mount", "NUMBER...", "mount on " MOUNT_DIR "@NUMBER, to look inside", mount_some},
	{"rollback", "[--forget] [NUMBER | factory]",
	 "go back, and keep what is now as a snapshot; --forget: do not keep it",
	 lb_snapshot_rollback},
	{"savepoint", "[MINUTES]", "go back by itself and reboot, unless 'commit' comes in time",
	 lb_snapshot_savepoint},
	{"version", "", "of this program", version},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(struct lb_snapshot_session *s, int argc, char **argv)
{
	(void)puts("usage: lifeboat snapshot [-d PATH] COMMAND [ARGUMENT...]\n"
		   "       schnapps [-d PATH] COMMAND [ARGUMENT...]\n");
	for (size_t i = 0; i < COMMANDS; i++)
		(void)printf("  %-15s %s\n                  %s\n", commands[i].name,
			     commands[i].args, commands[i].help);
	(void)puts("\n-d PATH: work on the btrfs that PATH is on. Man page: lifeboat-snapshot(8)");
	return LB_EXIT_OK;
}

int applet_snapshot(int argc, char **argv)
{
	static struct lb_snapshot_session session;
	int code, at = 1;

	session.fs = LB_BTRFS_CLOSED;
	for (; at < argc && strncmp(argv[at], "-d", 2) == 0; at++)
		session.path = option_value(argc, argv, &at, 'd');
	if (at >= argc)
		return lb_snapshot_usage("say what to do", "");
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, argv[at]) == 0) {
			code = commands[i].run(&session, argc - at, &argv[at]);
			lb_btrfs_closep(&session.fs);
			if (fflush(stdout) == 0)
				return code;
			log_err("what was to be printed cannot be written: %s", strerror(errno));
			return code == LB_EXIT_OK ? LB_EXIT_SYSTEM : code;
		}
	return lb_snapshot_usage("unknown command ", argv[at]);
}
