#include "store/settings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plan/accounts.h"
#include "store/gunzip.h"
#include "store/settings_read.h"
#include "store/settings_tree.h"

#define FS_BLOCK_BYTES 4096  /* what a file takes at least, and its name and inode */
#define SPARE_BYTES    65536 /* to be left for the system to come up */

/* One pass over the archive. */
struct pass {
	const struct plat_settings *p;
	const char *board;
	struct lb_settings_report *report;
	struct lb_settings_reader *reader;
	struct lb_settings_tree *tree;
	lb_settings_visitor *visit;
	void *visit_ctx;
	uint64_t needed_bytes, free_bytes;
	unsigned number; /* of the member */
};

typedef int step(struct pass *s, const struct lb_member *m);

PRINTF_LIKE(3, 4)
static int refuse(struct lb_settings_report *report, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(report->why, sizeof(report->why), fmt, args);
	va_end(args);
	/* It may quote a name of the archive, and goes to terminals and into JSON. */
	for (char *c = report->why; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return err;
}

/* The step is done for each member, in their order. */
static int run(struct pass *s, const struct plat_archive *from, step *do_step)
{
	CLEANUP(lb_settings_closep) struct lb_settings_reader *reader = NULL;
	struct lb_member m;
	const char *why;
	int rc = lb_settings_open(&reader, from, &why);

	if (rc < 0)
		return refuse(s->report, rc, "%s", why);
	s->reader = reader;
	s->number = 0;
	while ((rc = lb_settings_next(reader, &m)) > 0) {
		rc = do_step(s, &m);
		if (rc < 0)
			break;
		s->number++;
	}
	if (rc < 0 && lb_settings_why(reader)[0])
		return refuse(s->report, rc, "%s", lb_settings_why(reader));
	if (rc < 0 && !s->report->why[0])
		return refuse(s->report, rc, "cannot be unpacked: writing it %s", lb_strerror(rc));
	return rc;
}

static void note_manifest(struct pass *s)
{
	const struct lb_manifest *manifest = lb_settings_manifest(s->reader);
	struct lb_settings_report *r = s->report;

	if (!manifest || r->has_manifest)
		return;
	r->has_manifest = true;
	memcpy(r->board, manifest->board, sizeof(r->board));
	memcpy(r->system, manifest->system, sizeof(r->system));
	memcpy(r->date, manifest->date, sizeof(r->date));
}

static int judge(struct pass *s, const struct lb_member *m)
{
	struct lb_settings_report *r = s->report;
	int rc = lb_settings_tree_add(s->tree, m);

	note_manifest(s);
	if (rc == LB_E(RANGE))
		return refuse(r, rc, "holds too many directories");
	if (rc < 0)
		return refuse(r, rc, "holds a path that leads through another of its files: %.80s",
			      m->path);
	r->files += m->type != LB_MEMBER_DIR;
	r->size_bytes += m->size_bytes;
	if (s->visit)
		s->visit(s->visit_ctx, m);
	return 0;
}

static int judge_place(struct pass *s, const struct lb_member *m)
{
	int there = s->p->look(s->p->ctx, m->path);

	if (there == LB_E(STATE))
		return refuse(
			s->report, there,
			"holds a path that on this system leads elsewhere, by a link or a mount: %.80s",
			m->path);
	if (there < 0)
		return refuse(s->report, LB_E(IO), "cannot be compared with this system: %.80s %s",
			      m->path, lb_strerror(there));
	if (there != LB_PLACE_NOTHING && (there == LB_PLACE_DIR) != (m->type == LB_MEMBER_DIR))
		return refuse(s->report, LB_E(STATE),
			      there == LB_PLACE_DIR
				      ? "holds a file where this system has a directory: %.80s"
				      : "holds a directory where this system has a file: %.80s",
			      m->path);
	return 0;
}

bool lb_settings_fit(const char *this_board, const char *that_board)
{
	return strcmp(this_board, "unknown") == 0 || strcmp(that_board, "unknown") == 0 ||
	       strcmp(this_board, that_board) == 0;
}

static int judge_here(struct pass *s, const struct lb_member *m)
{
	int rc = judge(s, m);

	if (rc == 0 && s->report->has_manifest && !lb_settings_fit(s->board, s->report->board))
		return refuse(s->report, LB_E(STATE), "is of another board: of %s, and this is %s",
			      s->report->board, s->board);
	if (rc == 0)
		rc = judge_place(s, m);
	if (rc < 0)
		return rc;
	/* Sizes are what the archive says: they may be anything. */
	if (m->size_bytes < s->free_bytes)
		s->needed_bytes += (m->size_bytes / FS_BLOCK_BYTES + 2) * FS_BLOCK_BYTES;
	if (m->size_bytes >= s->free_bytes || s->needed_bytes + SPARE_BYTES > s->free_bytes)
		return refuse(s->report, LB_E(NOSPC),
			      "needs more room than the overlay has (%llu KiB)",
			      (unsigned long long)s->free_bytes / 1024);
	return 0;
}

/* The content of one of the account files, with what the system adds to it. */
static int stage_accounts(struct pass *s, const struct lb_member *m)
{
	static char text[LB_ACCOUNTS_BYTES_MAX], rom[LB_ACCOUNTS_BYTES_MAX / 2];
	size_t used = 0;
	int got, rc;

	while ((got = lb_settings_data(s->reader, text + used, sizeof(text) - used)) > 0)
		used += (size_t)got;
	if (got < 0)
		return got;
	rc = s->p->rom_read(s->p->ctx, m->path, rom, sizeof(rom));
	if (rc < 0 && rc != LB_E(NOENT))
		return rc;
	if (rc > 0) {
		rc = lb_accounts_merge(text, used, sizeof(text), rom, (size_t)rc);
		if (rc < 0)
			return rc;
		used = (size_t)rc;
	}
	return s->p->stage_write(s->p->ctx, text, used);
}

static int stage_content(struct pass *s, const struct lb_member *m)
{
	static uint8_t buf[16384];
	int got, rc = 0;

	if (lb_is_accounts(m->path) && m->size_bytes <= LB_ACCOUNTS_BYTES_MAX / 2)
		return stage_accounts(s, m);
	while ((got = lb_settings_data(s->reader, buf, sizeof(buf))) > 0) {
		rc = s->p->stage_write(s->p->ctx, buf, (size_t)got);
		if (rc < 0)
			return rc;
	}
	return got;
}

static int stage(struct pass *s, const struct lb_member *m)
{
	int rc, closed;

	if (m->type != LB_MEMBER_FILE && m->type != LB_MEMBER_LINK)
		return 0;
	rc = s->p->stage_open(s->p->ctx, s->number, m);
	if (rc < 0 || m->type == LB_MEMBER_LINK)
		return rc;
	rc = stage_content(s, m);
	closed = s->p->stage_close(s->p->ctx, m);
	return rc < 0 ? rc : closed;
}

static int place(struct pass *s, const struct lb_member *m)
{
	switch (m->type) {
	case LB_MEMBER_DIR:
		return s->p->place_dir(s->p->ctx, m);
	case LB_MEMBER_HARDLINK:
		return s->p->place_hardlink(s->p->ctx, s->number, m);
	case LB_MEMBER_FILE:
	case LB_MEMBER_LINK:
		break;
	}
	return s->p->place(s->p->ctx, s->number, m);
}

/* First of all gzip's checksum: what a flipped bit makes of a path is damage, and no refusal. */
static int check_gzip(struct pass *s, const struct plat_archive *from)
{
	static struct lb_gunzip g;
	static uint8_t buf[16384];
	int rc = lb_gunzip_begin(&g, from);

	if (rc == 0)
		while ((rc = lb_gunzip_read(&g, buf, sizeof(buf))) > 0)
			;
	lb_gunzip_end(&g);
	return rc < 0 ? refuse(s->report, rc, "%s", g.why) : 0;
}

static int verify(struct pass *s, const struct plat_archive *from, step *do_step)
{
	CLEANUP(lb_settings_tree_freep) struct lb_settings_tree *tree = lb_settings_tree_new();
	int rc = check_gzip(s, from);

	if (rc < 0)
		return rc;
	if (!tree)
		return refuse(s->report, LB_E(NOSPC), "needs more memory than there is");
	s->tree = tree;
	return run(s, from, do_step);
}

int lb_settings_verify(const struct plat_archive *from, lb_settings_visitor *visit, void *ctx,
		       struct lb_settings_report *report)
{
	struct pass s = {.report = report, .visit = visit, .visit_ctx = ctx};

	*report = (struct lb_settings_report){0};
	return verify(&s, from, judge);
}

static void set_aside(const struct plat_settings *p, struct lb_settings_report *report,
		      enum lb_settings_outcome outcome, const char *suffix)
{
	report->outcome = outcome;
	if (p->archive_rename(p->ctx, suffix) < 0)
		log_warn(
			"the archive of settings could not be renamed: the next first boot tries it again");
}

static void judged_as(const struct plat_settings *p, struct lb_settings_report *report, int rc)
{
	if (rc == LB_E(CRC) || rc == LB_E(TRUNC) || rc == LB_E(FORMAT))
		set_aside(p, report, LB_SETTINGS_DAMAGED, LB_SETTINGS_DAMAGED_SUFFIX);
	else if (rc == LB_E(AUTH) || rc == LB_E(UNSUP) || rc == LB_E(RANGE) || rc == LB_E(STATE))
		set_aside(p, report, LB_SETTINGS_REFUSED, LB_SETTINGS_REFUSED_SUFFIX);
	else
		report->outcome = LB_SETTINGS_FAILED;
}

static int unpack(struct pass *s)
{
	const struct plat_settings *p = s->p;
	int rc = p->stage_make(p->ctx);

	if (rc == 0)
		rc = run(s, &p->archive, stage);
	if (rc == 0)
		rc = p->sync(p->ctx);
	return rc;
}

static void say_unless_said(struct lb_settings_report *report, int rc)
{
	if (!report->why[0])
		(void)refuse(report, rc, "cannot be unpacked: writing it %s", lb_strerror(rc));
}

void lb_settings_restore(const struct plat_settings *p, const char *board,
			 struct lb_settings_report *report)
{
	struct pass s = {.p = p, .board = board, .report = report};
	int cleared, rc = p->stage_clear(p->ctx);

	*report = (struct lb_settings_report){.outcome = LB_SETTINGS_FAILED};
	if (rc == 0)
		rc = p->free_bytes(p->ctx, &s.free_bytes);
	if (rc < 0) {
		say_unless_said(report, rc);
		return;
	}
	rc = verify(&s, &p->archive, judge_here);
	if (rc < 0) {
		judged_as(p, report, rc);
		return;
	}
	rc = unpack(&s);
	if (rc == 0) {
		report->outcome = LB_SETTINGS_PARTIAL;
		rc = run(&s, &p->archive, place);
	}
	cleared = p->stage_clear(p->ctx);
	/* Nothing of the staging folder may outlive the archive, which would have cleared it. */
	if (rc == 0)
		rc = p->sync(p->ctx);
	if (rc < 0) {
		say_unless_said(report, rc);
		return;
	}
	report->outcome = LB_SETTINGS_RESTORED;
	if (cleared < 0 || p->archive_remove(p->ctx) < 0)
		log_warn(
			"the archive of settings was restored and cannot be removed: the next first boot restores it again");
}
