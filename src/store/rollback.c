/* Carry the steps of plan/rollback.c out. */
#include <stdio.h>
#include <string.h>

#include "store/snapshots.h"

struct rollback {
	const struct plat_snapshots *p;
	struct lb_snapshot_set *set;
	struct lb_snapshot_info note;
	const struct lb_rollback_ask *ask; /* NULL: finishes what was cut */
	struct lb_rollback_report *report;
};

static int move_one(void *arg, const char *path)
{
	struct rollback *r = arg;
	int rc = r->p->move(r->p->ctx, LB_SNAPSHOT_NEXT, LB_SNAPSHOT_ROOT, path);

	if (rc == 0) {
		r->report->moved++;
		return 0;
	}
	if (rc == LB_E(NOSPC) || rc == LB_E(IO))
		return rc;
	r->report->left++;
	return 0;
}

/* Nobody goes back any more to a savepoint that was made before what is to be forgotten: no number
 * of a snapshot will tell that it was left. Only once the exchange lasts: a cut may take that back.
 * A full disk stops nothing; it is tried again when the state before has gone. */
static int stop_waiting(struct rollback *r)
{
	struct lb_snapshot_info info;
	int rc = lb_snapshot_waiting(r->set) ? r->p->sync(r->p->ctx) : 0;

	for (size_t i = 0; rc == 0 && i < r->set->count; i++) {
		struct lb_snapshot *s = &r->set->all[i];

		if (s->type != LB_SNAPSHOT_SAVE || !s->waits)
			continue;
		rc = lb_snapshots_info(r->p, s->number, &info);
		info.wait_minutes = 0;
		if (rc == 0)
			rc = lb_snapshots_modify(r->p, r->set, s->number, &info);
		s->waits = rc < 0;
	}
	return rc == LB_E(NOSPC) ? 0 : rc;
}

static int move_nested(struct rollback *r)
{
	int rc = r->p->nested(r->p->ctx, LB_SNAPSHOT_NEXT, move_one, r);

	return rc == 0 && r->note.forget == LB_FORGET_STATE ? stop_waiting(r) : rc;
}

/* The snapshots first: as long as the state before is there, the note says what is still to do. */
static int forget(struct rollback *r)
{
	const bool all = r->note.forget == LB_FORGET_ALL;
	int rc = 0;

	while (all && rc == 0 && r->set->count > 0)
		rc = lb_snapshots_delete(r->p, r->set, r->set->all[r->set->count - 1].number, true);
	if (rc == 0)
		rc = r->p->drop(r->p->ctx, LB_SNAPSHOT_NEXT, all);
	return rc == 0 && !all ? stop_waiting(r) : rc;
}

static int write_note(const struct rollback *r, const char *name)
{
	struct lb_snapshot_info info = r->note;
	char text[LB_SNAPSHOT_INFO_MAX];
	size_t n;

	if (strcmp(name, LB_SNAPSHOT_NOTE) != 0)
		info.forget = LB_FORGET_NOTHING;
	n = lb_snapshot_info_format(text, &info);
	return r->p->write(r->p->ctx, name, text, n);
}

static int keep(struct rollback *r, bool info)
{
	char name[LB_SNAPSHOT_NAME_MAX];
	uint32_t number;
	int rc = lb_snapshot_next(r->set, &number);

	if (rc < 0)
		return rc;
	if (info) {
		lb_snapshot_info_name(number, name);
		return write_note(r, name);
	}
	lb_snapshot_name(number, name);
	rc = r->p->rename(r->p->ctx, LB_SNAPSHOT_NEXT, name);
	if (rc == 0)
		r->report->saved = number;
	return rc;
}

static int make_next(const struct rollback *r)
{
	char name[LB_SNAPSHOT_NAME_MAX];

	lb_snapshot_name(r->ask->target, name);
	return r->p->copy(r->p->ctx, name, LB_SNAPSHOT_NEXT, false);
}

static int prepare(const struct rollback *r)
{
	int rc = r->ask->prepare(r->ask->ctx, LB_SNAPSHOT_NEXT);

	return rc < 0 ? rc : r->p->sync(r->p->ctx);
}

static int carry_out(struct rollback *r, enum lb_rollback_step step)
{
	const struct plat_snapshots *p = r->p;

	switch (step) {
	case LB_ROLLBACK_NOTE:
		return write_note(r, LB_SNAPSHOT_NOTE);
	case LB_ROLLBACK_MAKE:
		return make_next(r);
	case LB_ROLLBACK_PREPARE:
		return prepare(r);
	case LB_ROLLBACK_EXCHANGE:
		return p->exchange(p->ctx, LB_SNAPSHOT_NEXT, LB_SNAPSHOT_ROOT);
	case LB_ROLLBACK_PLACE:
		return p->rename(p->ctx, LB_SNAPSHOT_NEXT, LB_SNAPSHOT_ROOT);
	case LB_ROLLBACK_NESTED:
		return move_nested(r);
	case LB_ROLLBACK_INFO:
	case LB_ROLLBACK_KEEP:
		return keep(r, step == LB_ROLLBACK_INFO);
	case LB_ROLLBACK_FORGET:
		return forget(r);
	case LB_ROLLBACK_SYNC:
		return p->sync(p->ctx);
	case LB_ROLLBACK_DISCARD:
		/* With what a hook has made inside: a snapshot holds nobody else's subvolumes. */
		return p->drop(p->ctx, LB_SNAPSHOT_NEXT, true);
	case LB_ROLLBACK_UNNOTE:
		return p->unlink(p->ctx, LB_SNAPSHOT_NOTE);
	case LB_ROLLBACK_DONE:
	case LB_ROLLBACK_FAILED:
	case LB_ROLLBACK_LATER:
		break;
	}
	return 0;
}

static void run(struct rollback *r, struct lb_rollback_plan *plan)
{
	while (plan->step != LB_ROLLBACK_DONE && plan->step != LB_ROLLBACK_FAILED &&
	       plan->step != LB_ROLLBACK_LATER)
		lb_rollback_next(plan, carry_out(r, plan->step));
	r->report->changed = plan->changed;
	r->report->later = plan->step == LB_ROLLBACK_LATER;
}

int lb_snapshots_rollback(const struct plat_snapshots *p, struct lb_snapshot_set *set,
			  const struct lb_rollback_ask *ask, struct lb_rollback_report *report)
{
	struct rollback r = {.p = p, .set = set, .ask = ask, .report = report};
	struct lb_rollback_sense sense = {
		.root = set->root, .forget = ask->forget, .prepare = ask->prepare != NULL};
	struct lb_rollback_plan plan;
	char word[LB_SNAPSHOT_NAME_MAX];
	uint32_t number;
	uint64_t id;
	int rc;

	*report = (struct lb_rollback_report){0};
	if (ask->target == LB_SNAPSHOT_FACTORY ? !set->factory
					       : !lb_snapshot_find(set, ask->target))
		return LB_E(NOENT);
	/* Before the exchange: after it there is no way back. */
	rc = ask->forget == LB_FORGET_ALL ? 0 : lb_snapshot_next(set, &number);
	if (rc < 0)
		return rc;
	if (p->id(p->ctx, LB_SNAPSHOT_NEXT, &id) == 0)
		return LB_E(STATE);
	rc = set->root ? p->runs(p->ctx, LB_SNAPSHOT_ROOT) : 0;
	if (rc < 0)
		return rc;
	sense.next_runs = rc > 0;
	lb_snapshot_word(ask->target, word);
	r.note = (struct lb_snapshot_info){
		.type = LB_SNAPSHOT_ROLLBACK, .roll_to = ask->target, .forget = ask->forget};
	(void)snprintf(r.note.description, sizeof(r.note.description), "Rollback to snapshot %s",
		       word);
	(void)snprintf(r.note.created, sizeof(r.note.created), "%s", ask->created);
	lb_rollback_begin(&plan, &sense);
	run(&r, &plan);
	return plan.result;
}

struct found {
	const struct plat_snapshots *p;
	bool root, next, fill, export, note;
	uint32_t stale[64]; /* numbers of .info files; more are left to the next run */
	size_t stale_count;
	const struct lb_snapshot_set *set;
};

static void find(void *arg, const char *name, enum plat_snapshot_kind kind)
{
	struct found *f = arg;
	uint32_t number;

	if (kind == PLAT_SNAPSHOT_SUBVOLUME) {
		f->root = f->root || strcmp(name, LB_SNAPSHOT_ROOT) == 0;
		f->next = f->next || strcmp(name, LB_SNAPSHOT_NEXT) == 0;
		f->fill = f->fill || strcmp(name, LB_SNAPSHOT_FILL) == 0;
		f->export = f->export || strcmp(name, LB_SNAPSHOT_EXPORT) == 0;
		return;
	}
	if (kind != PLAT_SNAPSHOT_FILE)
		return;
	f->note = f->note || strcmp(name, LB_SNAPSHOT_NOTE) == 0;
	if (lb_snapshot_parse_info_name(&number, name) == 0 && !lb_snapshot_find(f->set, number) &&
	    f->stale_count < sizeof(f->stale) / sizeof(f->stale[0]))
		f->stale[f->stale_count++] = number;
}

static int sense_cut(const struct plat_snapshots *p, const struct found *f,
		     struct lb_rollback_sense *s, struct lb_snapshot_info *note)
{
	char text[LB_SNAPSHOT_INFO_MAX];
	int rc = 0;

	*s = (struct lb_rollback_sense){.root = f->root, .next = f->next, .note = f->note};
	/* Without a note that can be read the state before is kept as what it is. */
	*note = (struct lb_snapshot_info){.type = LB_SNAPSHOT_ROLLBACK,
					  .description = "State before a rollback"};
	if (f->note) {
		rc = p->read(p->ctx, LB_SNAPSHOT_NOTE, text, sizeof(text));
		if (rc >= 0)
			rc = lb_snapshot_info_parse(note, text, (size_t)rc);
		if (rc == LB_E(FORMAT) || rc == LB_E(NOSPC))
			rc = 0;
	}
	s->forget = note->forget;
	if (rc == 0 && f->root)
		rc = p->id(p->ctx, LB_SNAPSHOT_ROOT, &s->root_id);
	if (rc == 0 && f->next)
		rc = p->id(p->ctx, LB_SNAPSHOT_NEXT, &s->next_id);
	if (rc == 0 && f->next) {
		rc = p->runs(p->ctx, LB_SNAPSHOT_NEXT);
		s->next_runs = rc > 0;
	}
	return rc < 0 ? rc : 0;
}

static int clear_up(const struct plat_snapshots *p, const struct found *f)
{
	char name[LB_SNAPSHOT_NAME_MAX];
	int rc = f->fill ? p->drop(p->ctx, LB_SNAPSHOT_FILL, true) : 0;

	if (rc == 0 && f->export)
		rc = p->drop(p->ctx, LB_SNAPSHOT_EXPORT, true);
	for (size_t i = 0; rc == 0 && i < f->stale_count; i++) {
		lb_snapshot_info_name(f->stale[i], name);
		rc = p->unlink(p->ctx, name);
	}
	return rc;
}

int lb_snapshots_resume(const struct plat_snapshots *p, struct lb_snapshot_set *set)
{
	struct found f = {.p = p, .set = set};
	struct lb_rollback_report report = {0};
	struct rollback r = {.p = p, .set = set, .report = &report};
	struct lb_rollback_sense sense;
	struct lb_rollback_plan plan;
	int rc = lb_snapshots_load(p, set);

	if (rc == 0)
		rc = p->list(p->ctx, find, &f);
	if (rc == 0 && f.fill) {
		rc = p->held(p->ctx, LB_SNAPSHOT_FILL);
		f.fill = rc == 0;
	}
	if (rc >= 0)
		rc = sense_cut(p, &f, &sense, &r.note);
	if (rc == 0)
		rc = clear_up(p, &f);
	if (rc < 0)
		return rc;
	lb_rollback_resume(&plan, &sense);
	if (plan.step == LB_ROLLBACK_DONE)
		return f.fill ? LB_SNAPSHOTS_UNDONE : LB_SNAPSHOTS_CLEAN;
	run(&r, &plan);
	if (plan.result < 0)
		return plan.result;
	rc = lb_snapshots_load(p, set);
	if (rc < 0)
		return rc;
	if (report.later)
		return LB_SNAPSHOTS_WAITING;
	return report.changed ? LB_SNAPSHOTS_FINISHED : LB_SNAPSHOTS_UNDONE;
}
