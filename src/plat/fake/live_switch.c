#include "plat/fake/live_switch.h"

#define SIZE_BYTES (64ull * 1024 * 1024)
#define STAGES	   3 /* of a call that is cut: see half_done() */

static bool is_to_be_erased(const struct lb_fake_nor *n)
{
	return n->note == LB_FAKE_NOTE_FORMATTING || n->note == LB_FAKE_NOTE_RESET;
}

/* From the end to the start, so that a marker stays until all is gone. The block under way may hold
 * anything. */
static struct lb_fake_nor half_erased(struct lb_fake_nor n, uint64_t stage)
{
	n.staging = LB_FAKE_COPY_NONE;
	if (stage % STAGES == 1)
		n.content = LB_CONTENT_UNKNOWN;
	if (stage % STAGES == 2) {
		n.content = LB_CONTENT_BLANK;
		n.upper = LB_FAKE_COPY_NONE;
	}
	return n;
}

static struct lb_fake_nor half_done(const struct lb_fake_live *f, uint64_t stage)
{
	struct lb_fake_nor n = f->nor;

	switch (f->deed) {
	case LB_FAKE_LIVE_ERASING:
		return half_erased(n, stage);
	case LB_FAKE_LIVE_COPYING:
		n.staging = LB_FAKE_COPY_HALF;
		return n;
	case LB_FAKE_LIVE_COMMITTING:
	case LB_FAKE_LIVE_STEP:
		break;
	}
	return stage % 2 ? f->whole : n;
}

static void live_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_live *f = ctx;
	uint64_t stage;

	if (f->load.at_stake == 0)
		return;
	switch (lb_fake_what_is_left(fate, &stage)) {
	case LB_FAKE_ALL_LEFT:
		f->nor = f->whole;
		return;
	case LB_FAKE_HALF_LEFT:
		f->nor = half_done(f, stage);
		return;
	case LB_FAKE_NONE_LEFT:
		return;
	}
}

static int change(struct lb_fake_live *f, struct lb_fake_nor whole, enum lb_fake_live_deed deed)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	f->whole = whole;
	f->deed = deed;
	if (outcome == LB_FAKE_OK || (outcome == LB_FAKE_FAIL && f->failure_is_stored))
		f->nor = whole;
	else if (outcome == LB_FAKE_FAIL)
		f->nor = half_done(f, 0);
	else if (outcome == LB_FAKE_CUT) {
		f->load.at_stake = f->load.under_way = STAGES;
		lb_fake_power_go_off(f->power);
	}
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

static int look(struct lb_fake_live *f)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(f->power);

	if (outcome == LB_FAKE_CUT)
		lb_fake_power_go_off(f->power);
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

/* --- mount_root done */

static int set_note(struct lb_fake_live *f, int begun)
{
	struct lb_fake_nor whole = f->nor;

	if (f->nor.note == LB_FAKE_NO_RECORD) {
		int rc = look(f);

		return rc < 0 ? rc : LB_E(NOENT);
	}
	whole.note = begun ? LB_FAKE_NOTE_FORMATTING : LB_FAKE_NOTE_NEW;
	return change(f, whole, LB_FAKE_LIVE_STEP);
}

static int fake_note(void *ctx, int begun)
{
	struct lb_fake_live *f = ctx;
	int rc = f->reset_asked ? LB_E(STATE) : set_note(f, begun);

	f->noted = rc == 0 && begun;
	f->committed = !begun && (rc == 0 || rc == LB_E(NOENT));
	return rc;
}

static int fake_erase(void *ctx)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;
	int rc = 0;

	if (f->mounted && !f->power->off)
		lb_fake_die("one does not erase what is mounted");
	if (f->reset_asked)
		return LB_E(STATE);
	if (f->nor.content == LB_CONTENT_BLANK)
		return look(f);
	if (!f->noted && whole.content != LB_CONTENT_DEADCODE) {
		whole.content = LB_CONTENT_DEADCODE;
		rc = change(f, whole, LB_FAKE_LIVE_STEP);
	}
	if (rc < 0)
		return rc;
	whole = (struct lb_fake_nor){.content = LB_CONTENT_BLANK, .note = f->nor.note};
	return change(f, whole, LB_FAKE_LIVE_ERASING);
}

static int fake_mount_aside(void *ctx)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;
	int rc;

	if (f->nor.content != LB_CONTENT_BLANK && !f->power->off)
		lb_fake_die("flash is mounted to be filled that is not empty");
	whole.content = LB_CONTENT_JFFS2;
	whole.fs_state = LB_FS_STATE_PENDING;
	whole.staging = LB_FAKE_COPY_EMPTY;
	rc = change(f, whole, LB_FAKE_LIVE_STEP);
	f->mounted = true; /* perhaps, which is worse than not */
	return rc;
}

static int fake_copy(void *ctx)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;
	int rc;

	if (f->reset_asked)
		return LB_E(STATE);
	if (f->no_room) {
		f->nor.staging = LB_FAKE_COPY_HALF;
		return LB_E(NOSPC);
	}
	whole.staging = LB_FAKE_COPY_WHOLE;
	rc = change(f, whole, LB_FAKE_LIVE_COPYING);
	if (rc < 0)
		return rc;
	if (f->busy == 0)
		return 0;
	f->busy--;
	return 1;
}

static int fake_commit(void *ctx)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;

	if (f->reset_asked)
		return LB_E(STATE);
	if (f->nor.staging != LB_FAKE_COPY_WHOLE && !f->power->off)
		lb_fake_die("half a copy becomes the overlay");
	whole.upper = whole.staging;
	whole.staging = LB_FAKE_COPY_NONE;
	return change(f, whole, LB_FAKE_LIVE_COMMITTING);
}

static int fake_enter(void *ctx)
{
	struct lb_fake_live *f = ctx;
	int rc;

	if (is_to_be_erased(&f->nor) && !f->power->off)
		lb_fake_die("the system moves to a flash that the next boot erases");
	rc = look(f);
	f->on_flash = rc == 0;
	return rc;
}

static int fake_catch_up(void *ctx)
{
	return look(ctx);
}

static int fake_leave(void *ctx)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;
	bool filled = f->mounted;

	if (f->on_flash)
		lb_fake_die("the flash is taken away from under the root");
	f->mounted = false;
	if (!filled || f->committed)
		return look(f);
	whole.content = LB_CONTENT_DEADCODE;
	return change(f, whole, LB_FAKE_LIVE_STEP);
}

struct plat_live_switch lb_fake_live_plat(struct lb_fake_live *f)
{
	return (struct plat_live_switch){.ctx = f,
					 .note = fake_note,
					 .erase = fake_erase,
					 .mount = fake_mount_aside,
					 .copy = fake_copy,
					 .commit = fake_commit,
					 .enter = fake_enter,
					 .catch_up = fake_catch_up,
					 .leave = fake_leave};
}

/* --- a boot */

static int fake_format(void *ctx, enum lb_overlay_fs fs)
{
	lb_fake_die("flash is formatted while a person waits");
}

static int fake_mount(void *ctx, enum lb_overlay_fs fs)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;
	int rc;

	if (f->nor.content != LB_CONTENT_JFFS2 || fs != LB_FS_JFFS2) {
		rc = look(f);
		return rc < 0 ? rc : LB_E(FORMAT);
	}
	whole.staging = LB_FAKE_COPY_NONE;
	rc = change(f, whole, LB_FAKE_LIVE_COPYING);
	f->mounted = rc == 0;
	return rc;
}

static int fake_check(void *ctx, enum lb_overlay_fs fs)
{
	int rc = look(ctx);

	return rc < 0 ? rc : LB_E(UNSUP);
}

static int fake_tmpfs(void *ctx)
{
	struct lb_fake_live *f = ctx;
	int rc = look(f);

	f->mounted = false;
	f->on_ram = rc == 0;
	return rc;
}

static int fake_switch(void *ctx)
{
	struct lb_fake_live *f = ctx;
	int rc;

	if (f->on_ram || f->power->off)
		return look(f);
	if (f->nor.upper == LB_FAKE_COPY_OLD || f->nor.upper == LB_FAKE_COPY_HALF)
		lb_fake_die("settings come back that were to be erased, or half of them");
	rc = look(f);
	f->on_flash = rc == 0;
	if (rc == 0 && f->nor.upper == LB_FAKE_COPY_NONE)
		f->nor.upper = LB_FAKE_COPY_EMPTY;
	return rc;
}

static int fake_state_read(void *ctx)
{
	struct lb_fake_live *f = ctx;
	int rc = look(f);

	return rc < 0 ? rc : (int)f->nor.fs_state;
}

static int fake_state_write(void *ctx, enum lb_fs_state state)
{
	struct lb_fake_live *f = ctx;
	struct lb_fake_nor whole = f->nor;

	whole.fs_state = state;
	return change(f, whole, LB_FAKE_LIVE_STEP);
}

static int fake_finish_reset(void *ctx, bool keep)
{
	lb_fake_die("nobody asked for a reset of what is mounted");
}

static int fake_mark_formatting(void *ctx, int begun)
{
	return set_note(ctx, begun);
}

static int fake_used_percent(void *ctx)
{
	int rc = look(ctx);

	return rc < 0 ? rc : 7;
}

struct plat_overlay lb_fake_live_overlay(struct lb_fake_live *f)
{
	return (struct plat_overlay){.ctx = f,
				     .format = fake_format,
				     .mount = fake_mount,
				     .check = fake_check,
				     .tmpfs = fake_tmpfs,
				     .switch_root = fake_switch,
				     .state_read = fake_state_read,
				     .state_write = fake_state_write,
				     .finish_reset = fake_finish_reset,
				     .mark_formatting = fake_mark_formatting,
				     .used_percent = fake_used_percent};
}

struct lb_overlay_sense lb_fake_live_sense(const struct lb_fake_live *f)
{
	return (struct lb_overlay_sense){.has_device = true,
					 .kind = LB_VOLUME_MTD,
					 .size_bytes = SIZE_BYTES,
					 .content = f->nor.content,
					 .format_pending = is_to_be_erased(&f->nor)};
}

void lb_fake_live_reboot(struct lb_fake_live *f)
{
	f->mounted = f->on_flash = f->on_ram = f->noted = f->committed = false;
	f->reset_asked = false;
}

void lb_fake_live_init(struct lb_fake_live *f, struct lb_fake_power *power)
{
	*f = (struct lb_fake_live){.power = power, .nor = {.content = LB_CONTENT_BLANK}};
	f->load = (struct lb_fake_load){.ctx = f, .cut = live_cut};
	lb_fake_power_add(power, &f->load);
}
