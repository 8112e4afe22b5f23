/* lifeboat slot: what is known of the two slots, and the owner's word about them. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "lifeboat/slots/slots.h"
#include "lifeboat/slots/slots_uboot.h"

enum verb {
	STATUS,
	ACTIVATE,
	GOOD,
	BAD,
	SWITCH
};

/* RAUC's users say mark-good, and "booted" and "other" for a slot. */
static const struct {
	const char *word;
	enum verb verb;
	bool takes_slot;
} verbs[] = {
	{"status", STATUS, false}, {"activate", ACTIVATE, true},    {"good", GOOD, true},
	{"bad", BAD, true},	   {"switch", SWITCH, false},	    {"mark-good", GOOD, true},
	{"mark-bad", BAD, true},   {"mark-active", ACTIVATE, true},
};

struct ask {
	enum verb verb;
	bool takes_slot;
	const char *word, *slot_word;
	bool json, force;
	const struct lb_board *board;
	struct lb_slots slots;
	int slot;
	int rc; /* of the change */
};

static int refuse_usage(const char *word)
{
	(void)fprintf(stderr,
		      "lifeboat slot: '%s' is not known; use 'status', 'activate', 'good', 'bad' "
		      "or 'switch', a slot, --force and --json\n",
		      word);
	return LB_EXIT_USAGE;
}

static bool take_verb(struct ask *a, const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].word, word) != 0)
			continue;
		a->verb = verbs[i].verb;
		a->takes_slot = verbs[i].takes_slot;
		a->word = verbs[i].word;
		return true;
	}
	return false;
}

static int parse(struct ask *a, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			a->json = true;
		else if (strcmp(argv[i], "--force") == 0)
			a->force = true;
		else if (!a->word && take_verb(a, argv[i]))
			continue;
		else if (argv[i][0] == '-' || !a->takes_slot || a->slot_word)
			return refuse_usage(argv[i]);
		else
			a->slot_word = argv[i];
	}
	return LB_EXIT_OK;
}

static void json_putp(json_object **o)
{
	if (*o)
		(void)json_object_put(*o);
}

static json_object *name_or_null(const struct lb_slots *s, int slot)
{
	return slot >= 0 ? json_object_new_string(s->slot[slot].name) : NULL;
}

static bool add(json_object *o, const char *key, json_object *value)
{
	return json_object_object_add(o, key, value) == 0;
}

static json_object *slot_object(const struct lb_slots *s, int i)
{
	json_object *o = json_object_new_object();

	if (o && add(o, "name", json_object_new_string(s->slot[i].name)) &&
	    add(o, "root", json_object_new_string(s->slot[i].root)) &&
	    add(o, "state", json_object_new_string(lb_slot_state_name(s->slot[i].state))) &&
	    add(o, "state_code", json_object_new_int((int)s->slot[i].state)) &&
	    add(o, "tries_left", json_object_new_int((int)s->slot[i].tries)) &&
	    add(o, "why", json_object_new_string(lb_slot_why_name(s->slot[i].why))) &&
	    add(o, "why_code", json_object_new_int((int)s->slot[i].why)) &&
	    add(o, "running", json_object_new_boolean(i == s->running)) &&
	    add(o, "next", json_object_new_boolean(i == s->next)))
		return o;
	(void)json_object_put(o);
	return NULL;
}

/* Of a boot loader that counts for itself; NULL: there is no such count. */
static json_object *loader_count(const struct lb_board *board)
{
	uint32_t count;

	return lb_boot_counter_of(board, &count) == 0 ? json_object_new_int64(count) : NULL;
}

static int print_json(const struct lb_slots *s, const struct lb_board *board)
{
	CLEANUP(json_putp) json_object *o = json_object_new_object();
	json_object *list = json_object_new_array();
	const unsigned reason = s->state.reason;
	bool ok = o && list && add(o, "slots", list);

	for (int i = 0; ok && i < (int)s->count; i++)
		ok = json_object_array_add(list, slot_object(s, i)) == 0;
	ok = ok && add(o, "running", name_or_null(s, s->running)) &&
	     add(o, "next", name_or_null(s, s->next)) &&
	     add(o, "reason", json_object_new_string(lb_slot_reason_name(reason))) &&
	     add(o, "reason_code", json_object_new_int((int)reason)) &&
	     add(o, "boots_that_did_not_last", json_object_new_int(s->state.unsettled)) &&
	     add(o, "boot_loader_count", loader_count(board));
	if (!ok || puts(json_object_to_json_string_ext(
			   o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)) == EOF)
		return LB_EXIT_SYSTEM;
	return LB_EXIT_OK;
}

static void print_slot(const struct lb_slots *s, int i)
{
	char state[64];

	if (s->slot[i].state == LB_SLOT_TRYING)
		(void)snprintf(state, sizeof(state), "trying, %u tries left", s->slot[i].tries);
	else
		(void)snprintf(state, sizeof(state), "%s", lb_slot_state_name(s->slot[i].state));
	(void)printf("  %-15s %-21s %s%s%s\n", s->slot[i].name, state, s->slot[i].root,
		     i == s->running ? ", running" : "", i == s->next ? ", next" : "");
	if (s->slot[i].why != LB_SLOT_WHY_NONE)
		(void)printf("  %-15s %s\n", "", lb_slot_why_text(s->slot[i].why));
}

static int print_status(const struct ask *a)
{
	const struct lb_slots *s = &a->slots;

	uint32_t count;

	if (a->json)
		return print_json(s, a->board);
	if (s->running >= 0)
		(void)printf("slot %s is running: %s\n", s->slot[s->running].name,
			     lb_slot_reason_text(s->state.reason));
	else
		(void)printf("no slot is running\n");
	for (int i = 0; i < (int)s->count; i++)
		print_slot(s, i);
	if (lb_boot_counter_of(a->board, &count) == 0 && count > 0)
		(void)printf("the boot loader has counted %u boots that nobody called good\n",
			     count);
	return LB_EXIT_OK;
}

/* Which slot is meant; -1: none. */
static int slot_of(const struct ask *a)
{
	if (a->verb == SWITCH || (a->slot_word && strcmp(a->slot_word, "other") == 0))
		return lb_slots_other(&a->slots);
	if (!a->slot_word || strcmp(a->slot_word, "booted") == 0)
		return a->slots.running;
	for (int i = 0; i < (int)a->slots.count; i++)
		if (strcmp(a->slots.slot[i].name, a->slot_word) == 0)
			return i;
	return -1;
}

static void change(struct lb_slots_state *s, void *arg)
{
	struct ask *a = arg;

	if (a->verb == GOOD)
		a->rc = lb_slots_mark_good_in(s, a->slot);
	else if (a->verb == BAD)
		a->rc = lb_slots_mark_bad_in(s, a->slot, LB_SLOT_WHY_OWNER, a->force);
	else
		a->rc = lb_slots_activate_in(s, a->slot, a->slots.running, a->board->slot_tries,
					     a->force);
}

static int explain(const struct ask *a)
{
	const char *name = a->slots.slot[a->slot].name;

	if (a->verb == GOOD || a->rc == LB_E(BUSY))
		log_err("slot %s is not whole: an image is being written to it, or that was not "
			"finished; install one",
			name);
	else if (a->verb == BAD)
		log_err("slot %s is the only one that can be booted: install an image into the "
			"other one first, or say --force",
			name);
	else
		log_err("slot %s is bad: %s; install an image, or say --force", name,
			lb_slot_why_text(a->slots.slot[a->slot].why));
	return LB_EXIT_NO;
}

static void report(const struct ask *a)
{
	const char *name = a->slots.slot[a->slot].name;

	if (a->verb == GOOD)
		(void)printf("slot %s is marked as good\n", name);
	else if (a->verb == BAD)
		(void)printf("slot %s is marked as bad: it is not booted any more\n", name);
	else
		(void)printf("slot %s is booted next%s\n", name,
			     a->slot == a->slots.running ? "" : ": reboot to get there");
}

static int carry_out(struct ask *a)
{
	int rc;

	a->slot = slot_of(a);
	if (a->slot < 0 && (!a->slot_word || strcmp(a->slot_word, "booted") == 0)) {
		log_err("no slot is running: name the one that is meant, '%s' or '%s'",
			a->slots.slot[0].name, a->slots.slot[1].name);
		return LB_EXIT_NO;
	}
	if (a->slot < 0) {
		log_err("there is no slot '%s': choose '%s', '%s', 'booted' or 'other'",
			a->slot_word, a->slots.slot[0].name, a->slots.slot[1].name);
		return LB_EXIT_USAGE;
	}
	if (a->verb == BAD && a->slot == a->slots.running && !a->force) {
		log_err("slot %s is running: 'lifeboat slot switch' goes to the other one; say "
			"--force to give this one up",
			a->slots.slot[a->slot].name);
		return LB_EXIT_NO;
	}
	rc = lb_slots_change(a->board, change, a);
	if (rc < 0) {
		log_err("the state of the slots cannot be stored: it %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	if (a->rc < 0)
		return explain(a);
	if (a->verb == GOOD && a->slot == a->slots.running)
		rc = lb_boot_counters_clear(a->board);
	if (rc < 0) {
		log_err("the boot loader's count of boots cannot be set back: it %s",
			lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	report(a);
	return LB_EXIT_OK;
}

int applet_slot(int argc, char **argv)
{
	static struct lb_board board;
	struct ask a = {.board = &board};
	int rc = parse(&a, argc, argv);

	if (rc != LB_EXIT_OK)
		return rc;
	lb_board_for_this_machine(&board, NULL);
	rc = lb_slots_read(&board, &a.slots);
	if (rc == LB_E(NOENT)) {
		log_err("this board has no slots: its board file names no slot { ... }");
		return LB_EXIT_NO;
	}
	if (rc < 0) {
		log_err("what is known of the slots cannot be read: it %s", lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	return a.verb == STATUS ? print_status(&a) : carry_out(&a);
}
