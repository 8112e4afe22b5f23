/* The disks of this PC: listed, and the one that was asked for. */
#include "lifeline/card.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "lifeline/amounts.h"
#include "lifeline/json.h"
#include "lifeline/verb.h"

struct listing {
	bool json;
	unsigned seen, taking;
};

static void print_row(const struct lb_drive *d, bool takes, const char *why)
{
	char size[LB_AMOUNT_MAX] = "-";
	const char *reason =
		strncmp(why, d->node, strlen(d->node)) == 0 ? why + strlen(d->node) : why;

	if (d->size_bytes > 0)
		lb_amount_bytes(size, d->size_bytes);
	(void)printf("%-14s %10s  %-28s %s%s\n", d->node, size, d->model[0] ? d->model : "-",
		     takes ? "may be written" : "no: it", takes ? "" : reason);
}

static int print_json(const struct lb_drive *d, bool takes, const char *why)
{
	CLEANUP(lb_json_putp) struct json_object *o = json_object_new_object();
	int rc = o ? lb_json_text(o, "event", "device") : LB_E(NOSPC);

	if (rc == 0)
		rc = lb_json_text(o, "device", d->node);
	if (rc == 0)
		rc = lb_json_text(o, "model", d->model);
	if (rc == 0)
		rc = lb_json_number(o, "size_bytes", d->size_bytes);
	if (rc == 0)
		rc = lb_json_truth(o, "removable", d->removable);
	if (rc == 0)
		rc = lb_json_text(o, "used_for", d->used_for);
	if (rc == 0)
		rc = lb_json_truth(o, "runs_system", d->runs_system);
	if (rc == 0)
		rc = lb_json_truth(o, "takes", takes);
	if (rc == 0)
		rc = lb_json_text(o, "why", why);
	return rc < 0 ? rc : lb_json_print(o);
}

static int list_one(void *ctx, const struct lb_drive *d)
{
	struct listing *l = ctx;
	char why[LB_SENTENCE_MAX] = "";
	const bool takes = lb_card_takes(d, d->name, false, why);

	l->seen++;
	l->taking += takes;
	if (l->json)
		return print_json(d, takes, why);
	print_row(d, takes, why);
	return 0;
}

int lb_card_list(bool json)
{
	struct listing l = {.json = json};
	int rc = lb_drives_each(list_one, &l, &lb_drive_roots);

	if (rc < 0) {
		(void)fprintf(stderr, "lifeline: not all disks of this PC can be listed: one %s\n",
			      lb_strerror(rc));
		return LB_LINE_SYSTEM;
	}
	if (l.taking == 0)
		(void)fprintf(stderr,
			      "lifeline: %s: plug in a card reader or a stick, and unmount it\n",
			      l.seen == 0 ? "this PC shows no disk" : "no disk may be written");
	return l.taking == 0 ? LB_LINE_NO_DEVICE : LB_LINE_OK;
}

static int say(char why[LB_SENTENCE_MAX], const char *node, const char *what, int code)
{
	(void)snprintf(why, LB_SENTENCE_MAX, "%.100s %s", node, what);
	return code;
}

int lb_card_find(struct lb_drive *out, const char *node, bool force, char why[LB_SENTENCE_MAX])
{
	char disk[LB_NAME_MAX], device[LB_NAME_MAX];
	int rc = lb_drive_of_node(node, disk, device, &lb_drive_roots);

	if (rc == LB_E(NOENT))
		return say(why, node, "is not there: 'lifeline write --list' lists the disks",
			   LB_LINE_NO_DEVICE);
	if (rc == LB_E(FORMAT))
		return say(why, node, "is no disk: 'lifeline write --list' lists the disks",
			   LB_LINE_USAGE);
	if (rc == 0)
		rc = lb_drive_look(out, disk, &lb_drive_roots);
	if (rc < 0)
		return say(why, node, "may be in use, which cannot be found out", LB_LINE_REFUSED);
	return lb_card_takes(out, device, force, why) ? LB_LINE_OK : LB_LINE_REFUSED;
}
