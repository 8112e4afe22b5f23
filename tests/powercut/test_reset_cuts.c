/* A factory reset of every kind, cut or failing at each operation, and the boots after it cut at
 * each operation as well. What is allowed in the end: the overlay as it was, if the reset had not
 * been committed; else a fresh one; never half of it. With -k the staged archive is always there.
 */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/overlay.h"
#include "store/live_switch.h"
#include "store/overlay.h"
#include "store/reset.h"
#include "tests/silent.h"

static struct lb_fake_power power;
static struct lb_fake_overlay fake;
static struct lb_fake_overlay_disk first; /* before the reset */
static struct lb_fake_overlay_disk begin; /* before the boot that is cut */
static struct lb_reset_sense sense;
static struct lb_reset_report report;
static int reset_rc, boot_rc;
static bool must_be_reset;

static bool on_disk(void)
{
	return boot_rc == 0 && fake.mounted == LB_FAKE_DISK;
}

static void boot(void)
{
	const struct plat_overlay p = lb_fake_overlay_plat(&fake);
	const struct plat_live_switch live = lb_fake_overlay_live_plat(&fake);
	struct lb_live_report went;
	struct lb_overlay_report r;
	struct lb_overlay_sense s;

	lb_fake_overlay_reboot(&fake);
	s = lb_fake_overlay_sense(&fake);
	boot_rc = lb_overlay_bring_up(&p, &s, &r);
	if (boot_rc == 0 && r.why == LB_WHY_NOT_READY)
		(void)!lb_live_switch_run(&live, &went); /* what is mounted tells */
}

static void run_reset(void)
{
	const struct plat_reset p = lb_fake_reset_plat(&fake);

	reset_rc = lb_reset_run(&p, &sense, &report);
}

/* The running system of the owner, who then asks for the reset. */
static void put_world_back(void *ctx)
{
	lb_fake_overlay_reboot(&fake);
	fake.disk = first;
	fake.erase_asked = true;
	fake.mounted = sense.mounted ? LB_FAKE_DISK : LB_FAKE_NOTHING;
	fake.read_only = sense.mounted && !sense.writable;
}

static bool is_untouched(void)
{
	const struct lb_fake_overlay_disk *d = &fake.disk;

	return d->owners_data && !d->in_part && d->archive == first.archive &&
	       d->content == first.content && d->damage == first.damage &&
	       (on_disk() || first.damage == LB_FAKE_HOPELESS);
}

static bool is_reset(void)
{
	const struct lb_fake_overlay_disk *d = &fake.disk;

	return on_disk() && !d->owners_data && !d->in_part && !d->full &&
	       d->archive == (sense.keep && first.archive);
}

/* Without a record nobody remembers that a mkfs was begun: what it leaves may be damaged for good,
 * but nothing of the owner is in it. JFFS2 gets by without: an erasure is told by what is left. */
static bool is_half_formatted(void)
{
	return first.kind != LB_VOLUME_MTD && first.note == LB_FAKE_NO_RECORD && !sense.keep &&
	       !on_disk() && boot_rc == 0 && !fake.disk.owners_data;
}

static const char *check_end(void *ctx)
{
	if (sense.keep && first.archive && !fake.disk.archive)
		return "the archive that was to be kept is gone";
	boot();
	if (is_reset() || is_half_formatted()) {
		if (!on_disk())
			return NULL;
		lb_fake_overlay_own(&fake); /* of the new owner, from now on */
		fake.erase_asked = false;
		boot();
		return on_disk() && fake.disk.owners_data && !fake.disk.in_part
			       ? NULL
			       : "what was saved after the reset is gone";
	}
	if (must_be_reset)
		return "a reset that was committed does not happen";
	return is_untouched() ? NULL : "the overlay is neither as it was nor reset";
}

static void put_cut_world_back(void *ctx)
{
	fake.disk = begin;
	fake.erase_asked = true;
}

static void boot_once(void *ctx)
{
	boot();
}

static const struct lb_fake_scenario boot_scenario = {
	.setup = put_cut_world_back, .run = boot_once, .check = check_end};

static uint64_t cuts_after(void)
{
	lb_fake_power_on(&power);
	begin = fake.disk;
	must_be_reset = report.committed;
	return lb_fake_power_cuts(&power, &boot_scenario);
}

/* Cut the reset at one operation; the boots after it at each. 0: it has fewer operations. */
static uint64_t cut_at(uint64_t at, struct lb_fake_fate fate, bool *came)
{
	lb_fake_power_on(&power);
	put_world_back(NULL);
	power.fault_at = at;
	power.fault_cuts = true;
	power.fate = fate;
	run_reset();
	*came = power.off;
	return cuts_after();
}

static uint64_t cut_everywhere(void)
{
	uint64_t cuts = 0;
	bool came = true;

	for (uint64_t at = 1; came; at++)
		for (int policy = LB_FAKE_KEPT; policy <= LB_FAKE_SCRAMBLED; policy++)
			for (uint64_t arg = 0; arg < (policy <= LB_FAKE_LOST ? 1 : 4); arg++)
				cuts += cut_at(
					at, (struct lb_fake_fate){(enum lb_fake_policy)policy, arg},
					&came);
	return cuts;
}

/* Of 96. JFFS2 mounts whatever is damaged. Without any free block, which it avoids even when it is
 * full, only a record can decide before the first block is lost. */
static bool set_disk(enum lb_volume kind, unsigned k)
{
	static const enum lb_fake_note notes[] = {LB_FAKE_NOTE_NEW, LB_FAKE_NOTE_READY,
						  LB_FAKE_NO_RECORD};

	first = (struct lb_fake_overlay_disk){
		.kind = kind,
		.content = kind == LB_VOLUME_MTD   ? LB_CONTENT_JFFS2
			   : kind == LB_VOLUME_UBI ? LB_CONTENT_UBIFS
			   : k & 1		   ? LB_CONTENT_F2FS
						   : LB_CONTENT_EXT4,
		.full = k >> 1 & 1,
		.archive = k >> 2 & 1,
		.fs_state = k >> 3 & 1 ? LB_FS_STATE_READY : LB_FS_STATE_PENDING,
		.damage = k >> 4 & 1 ? LB_FAKE_HOPELESS : LB_FAKE_SOUND,
		.note = notes[k / 32 % 3],
		.owners_data = true,
	};
	if (!lb_volume_is_flash(kind))
		return true;
	lb_fake_overlay_put_flash(&first, first.full && first.note != LB_FAKE_NO_RECORD);
	if (kind == LB_VOLUME_UBI)
		return !(k & 1);
	/* The states differ in nothing, and these worlds take long. */
	return !(k & 1) && first.damage == LB_FAKE_SOUND && first.fs_state == LB_FS_STATE_READY;
}

static void set_sense(enum lb_volume kind, unsigned k)
{
	sense = (struct lb_reset_sense){.mounted = k & 1,
					.writable = k >> 1 & 1,
					.keep = k >> 2 & 1,
					.erase = k >> 3 & 1,
					.reboot = k >> 4 & 1,
					.locked = kind == LB_VOLUME_UBI};
}

/* Every reset from every disk that can be; calls one() for each. */
static unsigned for_each(enum lb_volume kind, uint64_t (*one)(void), uint64_t *count)
{
	unsigned worlds = 0;

	for (unsigned s = 0; s < 32; s++)
		for (unsigned d = 0; d < 96; d++) {
			set_sense(kind, s);
			if (!set_disk(kind, d))
				continue;
			/* What is damaged for good is not mounted; what is not mounted is not
			 * written to. */
			if ((sense.mounted && first.damage != LB_FAKE_SOUND) ||
			    (!sense.mounted && sense.writable))
				continue;
			*count += one();
			worlds++;
		}
	return worlds;
}

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_overlay_init(&fake, &power);
	silence_log();
	return 0;
}

static void reset__cut_at_every_operation_and_again_in_the_boot_after__is_all_or_nothing(
	void **state)
{
	uint64_t cuts = 0;
	unsigned worlds = for_each(*(enum lb_volume *)*state, cut_everywhere, &cuts);

	print_message("power cuts: %" PRIu64 " in %u resets\n", cuts, worlds);
	assert_true(worlds > 200 && cuts > 100 * worlds);
}

/* After an error the power stays on and the person is told; then the device boots. */
static uint64_t fail_everywhere(void)
{
	uint64_t fails = 0;

	for (int stored = 0; stored < 2; stored++)
		for (uint64_t at = 1;; at++) {
			lb_fake_power_on(&power);
			put_world_back(NULL);
			fake.failure_is_stored = stored;
			power.fault_at = at;
			run_reset();
			fake.failure_is_stored = false;
			if (!power.fault_came)
				break;
			if (reset_rc == 0 && !report.committed)
				lb_fake_die("success is told of a reset that was not committed");
			if (reset_rc < 0 && report.why == LB_RESET_WHY_NOTHING)
				lb_fake_die("a failure without a reason");
			fails += cuts_after();
		}
	return fails;
}

static void reset__each_operation_fails_and_the_boot_after_is_cut__is_all_or_nothing(void **state)
{
	uint64_t cuts = 0;
	unsigned worlds = for_each(*(enum lb_volume *)*state, fail_everywhere, &cuts);

	print_message("power cuts after failures: %" PRIu64 " in %u resets\n", cuts, worlds);
	assert_true(worlds > 200 && cuts > 10 * worlds);
}

static uint64_t no_fault(void)
{
	const char *wrong;

	lb_fake_power_on(&power);
	put_world_back(NULL);
	run_reset();
	must_be_reset = report.committed;
	if ((reset_rc == 0) != report.committed)
		lb_fake_die("without any fault a reset is done or refused");
	if (reset_rc == 0 && sense.mounted && sense.writable && !report.deleted)
		lb_fake_die("what can be deleted now waits for the next boot");
	if (sense.erase && sense.reboot && !sense.keep && !sense.locked &&
	    first.note != LB_FAKE_NO_RECORD && !report.deleted)
		lb_fake_die("an erasure that is possible was refused");
	if (report.deleted && fake.disk.owners_data)
		lb_fake_die("told as deleted, and still there");
	wrong = check_end(NULL);
	if (wrong)
		lb_fake_die("without any fault: %s", wrong);
	return report.committed;
}

static void reset__without_any_fault__happens_unless_it_was_refused(void **state)
{
	uint64_t committed = 0;
	unsigned worlds = for_each(*(enum lb_volume *)*state, no_fault, &committed);

	/* Refused: -k not mounted, --erase mounted without -r, both at once; and -k where neither a
	 * record nor the overlay can take the request. */
	print_message("resets: %" PRIu64 " of %u\n", committed, worlds);
	assert_true(committed > worlds / 3 && committed < worlds);
}

static enum lb_volume rootdisk = LB_VOLUME_ROOTDISK, mtd = LB_VOLUME_MTD, ubi = LB_VOLUME_UBI;

#define on(kind, f)                                  \
	{                                            \
#kind ": " #f, f, start, NULL, &kind \
	}

TESTS(on(rootdisk, reset__without_any_fault__happens_unless_it_was_refused),
      on(rootdisk, reset__cut_at_every_operation_and_again_in_the_boot_after__is_all_or_nothing),
      on(rootdisk, reset__each_operation_fails_and_the_boot_after_is_cut__is_all_or_nothing),
      on(mtd, reset__without_any_fault__happens_unless_it_was_refused),
      on(mtd, reset__cut_at_every_operation_and_again_in_the_boot_after__is_all_or_nothing),
      on(mtd, reset__each_operation_fails_and_the_boot_after_is_cut__is_all_or_nothing),
      on(ubi, reset__without_any_fault__happens_unless_it_was_refused),
      on(ubi, reset__cut_at_every_operation_and_again_in_the_boot_after__is_all_or_nothing),
      on(ubi, reset__each_operation_fails_and_the_boot_after_is_cut__is_all_or_nothing))
