#include "plat/fake/extroot.h"

#include "plat/fake/overlay_deeds.h"

/* Which of the names are gone is up to the file system; the state is one name. */
static void stick_cut(void *ctx, const struct lb_fake_fate *fate)
{
	struct lb_fake_stick *s = ctx;

	if (s->load.at_stake == 0 || fate->policy == LB_FAKE_LOST)
		return;
	if (fate->policy == LB_FAKE_KEPT || s->whole.state != s->disk.state)
		s->disk = s->whole;
	else
		s->disk.in_part = s->disk.owners_data;
}

static int change(struct lb_fake_stick *s, struct lb_fake_stick_disk whole)
{
	enum lb_fake_outcome outcome = lb_fake_power_op(s->power);

	s->whole = whole;
	if (outcome == LB_FAKE_OK)
		s->disk = whole;
	else if (outcome == LB_FAKE_CUT) {
		s->load.at_stake = s->load.under_way = 1;
		lb_fake_power_go_off(s->power);
	}
	return outcome == LB_FAKE_OK ? 0 : LB_E(IO);
}

static int stick_state_read(void *ctx)
{
	struct lb_fake_stick *s = ctx;
	int rc = lb_fake_overlay_look(s->internal);

	return rc < 0 ? rc : (int)s->disk.state;
}

static int stick_state_write(void *ctx, enum lb_fs_state state)
{
	struct lb_fake_stick *s = ctx;
	struct lb_fake_stick_disk whole = s->disk;

	if (s->read_only) {
		int rc = lb_fake_overlay_look(s->internal);

		return rc < 0 ? rc : LB_E(IO);
	}
	whole.state = state;
	return change(s, whole);
}

static int stick_remove(void *ctx, uint64_t *entries)
{
	struct lb_fake_stick *s = ctx;
	struct lb_fake_stick_disk whole = s->disk;

	if (s->disk.state != LB_FS_STATE_RESET_ALL && !s->power->off)
		lb_fake_die(
			"the owner's data on the stick is deleted, and no request stands there");
	whole.in_part = whole.owners_data;
	if (change(s, whole) < 0)
		return LB_E(IO);
	whole.owners_data = whole.in_part = false;
	if (change(s, whole) < 0)
		return LB_E(IO);
	*entries = 1;
	return 0;
}

static int stick_internal_knows(void *ctx)
{
	struct lb_fake_stick *s = ctx;
	int rc = lb_fake_overlay_look(s->internal);

	return rc < 0 ? rc : s->internal->disk.knows_stick;
}

/* As the real one: from its state on it happens. */
static int stick_reset_internal(void *ctx)
{
	struct lb_fake_stick *s = ctx;
	int rc = lb_fake_overlay_state_write(s->internal, LB_FS_STATE_RESET_ALL);

	if (rc < 0)
		return rc;
	if (lb_fake_overlay_delete(s->internal, false) == 0 &&
	    lb_fake_overlay_state_write(s->internal, LB_FS_STATE_PENDING) == 0)
		return 0;
	return s->power->off ? LB_E(IO) : 0;
}

void lb_fake_stick_init(struct lb_fake_stick *s, struct lb_fake_power *power,
			struct lb_fake_overlay *internal)
{
	*s = (struct lb_fake_stick){.power = power, .internal = internal};
	s->load = (struct lb_fake_load){.ctx = s, .cut = stick_cut};
	lb_fake_power_add(power, &s->load);
}

struct plat_extroot lb_fake_stick_plat(struct lb_fake_stick *s)
{
	return (struct plat_extroot){
		.ctx = s,
		.state_read = stick_state_read,
		.state_write = stick_state_write,
		.remove = stick_remove,
		.internal_knows = stick_internal_knows,
		.reset_internal = stick_reset_internal,
	};
}
