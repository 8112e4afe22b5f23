/* The only root is written anew from RAM, its overlay has a place of its own, and the power is cut
 * at each operation, and in the attempt from rescue after it again. Whatever is cut: an old root
 * has its whole overlay, or one that a factory reset leaves with the settings; a new one has an
 * overlay with the settings and nothing else; without either the record knows that the archive is
 * in the overlay, and the next attempt ends well. Both ways of flash: the root is erased first, or
 * the new one lies beside it and takes its place at once. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/crc32.h"
#include "plat/fake/block.h"
#include "store/safe_keep.h"
#include "store/upgrade.h"
#include "tests/silent.h"

#define BLOCK	    512
#define ROOT_BLOCKS 3
#define COPIES	    2 /* of what is changed as a whole: the newer one that is right counts */

enum {
	NOTHING = 0,
	OLD = 'o',
	NEW = 'n',
	NEXT = 'x',
	THIRD = 't'
};

/* Of the overlay, as its file system shows them: each is there as a whole or not at all. */
enum {
	UPPER_A = 1,
	UPPER_B = 2,
	SAFE_NAME = 4,
	STAGED = 8,
	EVERYTHING = UPPER_A | UPPER_B
};

enum {
	TABLE,
	RECORD,
	FS,
	FILE_A,
	FILE_B,
	ROOT,
	BESIDE = ROOT + ROOT_BLOCKS,
	UNITS = BESIDE + ROOT_BLOCKS
};

struct kept {
	uint32_t crc, seq; /* over all that follows */
	uint8_t content;   /* of the overlay; of the table: which root */
	uint8_t state;	   /* of the overlay; of the record: the stage */
	uint8_t in_a;	   /* the archive: in which of two places; of the record: it knows of it */
	uint8_t made;	   /* the overlay has a file system */
};

#define BYTES (UNITS * COPIES * BLOCK)

static struct lb_fake_power power;
static struct lb_fake_block medium;
static struct plat_block dev;
static uint8_t first[BYTES], left[BYTES], seen[BYTES];
static bool beside; /* the new root is written beside the old one */
static bool broken; /* the overlay cannot be mounted */
static bool in_ram; /* this attempt has the archive */
static int writes;  /* what the attempt writes */

static uint64_t at(int unit, unsigned copy)
{
	return ((uint64_t)unit * COPIES + copy) * BLOCK;
}

/* --- what is changed as a whole */

static uint32_t crc_of(const struct kept *k)
{
	return lb_crc32(0, &k->seq, sizeof(*k) - sizeof(k->crc));
}

static struct kept newest(const uint8_t *copies)
{
	struct kept best = {0}, k;

	for (size_t i = 0; i < COPIES; i++) {
		memcpy(&k, copies + i * BLOCK, sizeof(k));
		if (k.crc == crc_of(&k) && k.seq > best.seq)
			best = k;
	}
	return best;
}

static int load(int unit, struct kept *out)
{
	uint8_t copies[COPIES * BLOCK];
	int rc = dev.read(dev.ctx, at(unit, 0), copies, sizeof(copies));

	if (rc == 0)
		*out = newest(copies);
	return rc;
}

static int save(int unit, struct kept *k)
{
	uint8_t copy[BLOCK] = {0};
	int rc;

	k->seq++;
	k->crc = crc_of(k);
	memcpy(copy, k, sizeof(*k));
	rc = dev.write(dev.ctx, at(unit, k->seq % COPIES), copy, sizeof(copy));
	return rc < 0 ? rc : dev.flush(dev.ctx);
}

static int put(int unit, int what)
{
	uint8_t bytes[COPIES * BLOCK];
	int rc;

	memset(bytes, what, sizeof(bytes));
	rc = dev.write(dev.ctx, at(unit, 0), bytes, sizeof(bytes));
	return rc < 0 ? rc : dev.flush(dev.ctx);
}

/* Bytes of noise are nothing. */
static int what_is(int unit)
{
	for (size_t i = 1; i < COPIES * BLOCK; i++)
		if (seen[at(unit, 0) + i] != seen[at(unit, 0)])
			return NOTHING;
	return seen[at(unit, 0)];
}

/* --- the overlay */

static int mount_it(struct kept *fs)
{
	int rc = load(FS, fs);

	if (rc == 0 && (broken || !fs->made))
		return LB_E(FORMAT);
	return rc;
}

static int do_find(void *ctx)
{
	struct kept fs;
	int rc = mount_it(&fs);

	if (rc < 0)
		return rc;
	if (fs.content & (SAFE_NAME | STAGED) && dev.read(dev.ctx, 0, seen, sizeof(seen)) == 0 &&
	    what_is(fs.in_a ? FILE_A : FILE_B) == 'a')
		return 0;
	return LB_E(NOENT);
}

/* Into blocks that nothing uses, then named. */
static int put_named(struct kept *fs, uint8_t name)
{
	int rc;

	fs->in_a = !fs->in_a;
	rc = put(fs->in_a ? FILE_A : FILE_B, in_ram ? 'a' : NOTHING);
	fs->content |= name;
	return rc < 0 ? rc : save(FS, fs);
}

static int do_put(void *ctx)
{
	struct kept fs;
	int rc = mount_it(&fs);

	return rc < 0 ? rc : put_named(&fs, SAFE_NAME);
}

/* As store/stage.h does it. */
static int do_make(void *ctx)
{
	struct kept fs;
	int rc = load(FS, &fs);

	fs = (struct kept){.seq = fs.seq};
	if (rc == 0)
		rc = save(FS, &fs);
	broken = false;
	fs.made = true;
	fs.state = LB_FS_STATE_PENDING;
	return rc < 0 ? rc : put_named(&fs, STAGED);
}

static int do_note(void *ctx)
{
	struct kept r;
	int rc = load(RECORD, &r);

	r.state = LB_UPGRADE_BEGUN;
	r.in_a = true;
	return rc < 0 ? rc : save(RECORD, &r);
}

static int do_name(void *ctx)
{
	struct kept fs;
	int rc = mount_it(&fs);

	if (rc < 0 || !(fs.content & SAFE_NAME))
		return rc;
	fs.content |= STAGED;
	return save(FS, &fs);
}

static int do_state(void *ctx, enum lb_fs_state state)
{
	struct kept fs;
	int rc = mount_it(&fs);

	fs.state = (uint8_t)state;
	return rc < 0 ? rc : save(FS, &fs);
}

/* One after the other, the copy with the name that only a rescue knows last. */
static int do_remove(void *ctx)
{
	struct kept fs;
	int rc = mount_it(&fs);

	for (uint8_t bit = UPPER_A; rc == 0 && bit < STAGED; bit = (uint8_t)(bit << 1)) {
		if (!(fs.content & bit))
			continue;
		fs.content &= (uint8_t)~bit;
		rc = save(FS, &fs);
	}
	return rc;
}

static int do_compare(void *ctx)
{
	return do_find(ctx) == 0 ? 0 : LB_E(CRC);
}

static const struct plat_safe_keep keep = {
	.find = do_find,
	.put = do_put,
	.make = do_make,
	.note = do_note,
	.name = do_name,
	.state = do_state,
	.remove = do_remove,
	.compare = do_compare,
};

/* --- an attempt, in the order of install/install.h */

static int write_root(int base)
{
	int rc = put(base, NOTHING);

	for (int i = 1; rc == 0 && i < ROOT_BLOCKS; i++)
		rc = put(base + i, writes);
	return rc;
}

static int do_write(void *ctx)
{
	struct kept table;
	int rc = lb_safe_keep_begin(&keep), base;

	if (rc == 0)
		rc = load(TABLE, &table);
	if (rc < 0)
		return rc;
	base = beside != (table.content == BESIDE) ? BESIDE : ROOT;
	rc = write_root(base);
	if (rc == 0)
		rc = lb_safe_keep_turn(&keep);
	if (rc == 0)
		rc = put(base, writes);
	table.content = (uint8_t)base;
	return rc < 0 || !beside ? rc : save(TABLE, &table);
}

static int do_check(void *ctx)
{
	return 0;
}

static int do_stage(void *ctx, enum lb_upgrade_stage stage)
{
	struct kept r;
	int rc = load(RECORD, &r);

	r.state = (uint8_t)stage;
	return rc < 0 ? rc : save(RECORD, &r);
}

static int do_late_place(void *ctx)
{
	lb_fake_die("what has its place is placed again");
}

static int do_end(void *ctx, enum lb_upgrade_outcome outcome)
{
	struct kept r;
	int rc = load(RECORD, &r);

	r.state = LB_UPGRADE_NONE;
	r.in_a = false;
	r.content = (uint8_t)outcome;
	return rc < 0 ? rc : save(RECORD, &r);
}

static int attempt(int what)
{
	const struct plat_upgrade p = {.check = do_check,
				       .write = do_write,
				       .note = do_stage,
				       .place = do_late_place,
				       .end = do_end,
				       .tidy = do_check};
	struct lb_upgrade_sense sense = {.settings = false}; /* placed before the root is whole */
	enum lb_upgrade_outcome outcome;
	struct kept r;
	int rc = load(RECORD, &r);

	if (rc < 0)
		return rc;
	sense.stage = (enum lb_upgrade_stage)r.state;
	writes = what;
	return lb_upgrade_run(&p, &sense, &outcome);
}

/* --- what is allowed to be left */

static int root_now(void)
{
	return what_is(newest(seen + at(TABLE, 0)).content);
}

static const char *look_at_root(int what)
{
	const struct kept fs = newest(seen + at(FS, 0));
	const int base = newest(seen + at(TABLE, 0)).content;
	const bool has_archive = what_is(fs.in_a ? FILE_A : FILE_B) == 'a';
	const bool untouched =
		(fs.content & EVERYTHING) == EVERYTHING && fs.state == LB_FS_STATE_READY;
	const bool staged = has_archive && fs.content & STAGED;

	for (int i = 1; i < ROOT_BLOCKS; i++)
		if (what_is(base + i) != what)
			return "a head stands over a body that is not whole";
	if (what != OLD)
		return staged && fs.content == STAGED && fs.state == LB_FS_STATE_PENDING
			       ? NULL
			       : "a new root has more or less than the settings";
	/* The boot that drops it knows it by its other name. */
	if (fs.content & STAGED && !(fs.content & SAFE_NAME) && fs.state == LB_FS_STATE_READY)
		return "a later factory reset would bring the settings of a cut upgrade back";
	if (untouched || (staged && (fs.state == LB_FS_STATE_RESET ||
				     (fs.state == LB_FS_STATE_PENDING && fs.content == STAGED))))
		return NULL;
	return "the old root has lost its overlay";
}

/* The boot after a cut: what was in RAM is gone. */
static const char *find_archive(void)
{
	struct kept r;

	in_ram = false;
	if (load(RECORD, &r) < 0 || r.state != LB_UPGRADE_BEGUN || !r.in_a)
		return "rescue does not know of the settings";
	if (do_find(NULL) < 0)
		return "the archive is nowhere";
	in_ram = true;
	return NULL;
}

static const char *try_again(int what)
{
	const char *wrong = find_archive();
	struct kept r;

	if (wrong)
		return wrong;
	if (attempt(what) < 0)
		return "the next attempt fails";
	lb_fake_block_peek(&medium, 0, seen, sizeof(seen));
	if (root_now() != what)
		return "the root is not new after the next attempt";
	r = newest(seen + at(RECORD, 0));
	if (r.state != LB_UPGRADE_NONE || r.content != LB_UPGRADE_COMPLETE)
		return "the record does not say that it is done";
	return look_at_root(what);
}

static const char *check(int next)
{
	lb_fake_block_peek(&medium, 0, seen, sizeof(seen));
	if (root_now() != NOTHING)
		return look_at_root(root_now());
	return beside ? "there was room beside the old root" : try_again(next);
}

static const char *check_first(void *ctx)
{
	return check(NEXT);
}

static const char *check_second(void *ctx)
{
	return check(THIRD);
}

/* --- scenarios */

static bool first_broken;

static void put_world_back(void *ctx)
{
	lb_fake_block_poke(&medium, 0, first, sizeof(first));
	in_ram = true;
	broken = first_broken;
}

static void keep_left(void *ctx)
{
	lb_fake_block_peek(&medium, 0, left, sizeof(left));
}

static void put_left_back(void *ctx)
{
	lb_fake_block_poke(&medium, 0, left, sizeof(left));
}

static void build(bool with_room, bool copied, bool mountable)
{
	struct kept table = {.content = ROOT}, record = {0};
	struct kept fs = {.content = EVERYTHING, .state = LB_FS_STATE_READY, .made = mountable};

	beside = with_room;
	first_broken = !mountable;
	memset(first, 0, sizeof(first));
	lb_fake_power_on(&power);
	put_world_back(NULL);
	if (copied) {
		fs.content |= SAFE_NAME;
		fs.in_a = true;
		assert_int_equal(put(FILE_A, 'a'), 0);
	}
	for (int i = 0; i < ROOT_BLOCKS; i++)
		assert_int_equal(put(ROOT + i, OLD), 0);
	assert_int_equal(save(TABLE, &table), 0);
	assert_int_equal(save(RECORD, &record), 0);
	assert_int_equal(save(FS, &fs), 0);
	lb_fake_block_peek(&medium, 0, first, sizeof(first));
}

static void run_first(void *ctx)
{
	if (attempt(NEW) < 0)
		return;
}

static void run_second(void *ctx)
{
	if (dev.read(dev.ctx, 0, seen, sizeof(seen)) < 0 || root_now() != NOTHING)
		return;
	if (find_archive() || attempt(NEXT) < 0)
		return;
}

static const struct lb_fake_scenario scenario = {
	.setup = put_world_back, .run = run_first, .check = check_first};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&medium, &power, BYTES);
	dev = lb_fake_block_plat(&medium);
	silence_log();
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&medium);
	return 0;
}

static void upgrade__cut_at_every_operation__settings_are_there_and_the_next_attempt_has_them(
	void **state)
{
	uint64_t cuts = 0;

	for (int i = 0; i < 4; i++) {
		build(i & 1, i & 2, true);
		cuts += lb_fake_power_cuts(&power, &scenario);
	}
	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 300);
}

static void upgrade__cut_and_the_attempt_from_rescue_cut_as_well__the_third_has_them(void **state)
{
	const struct lb_fake_scenario second = {
		.setup = put_left_back, .run = run_second, .check = check_second};
	const struct lb_fake_again again = {.first = &scenario, .keep = keep_left, .then = &second};
	uint64_t cuts;

	build(false, true, true);
	cuts = lb_fake_power_cuts_again(&power, &again);
	print_message("power cuts in the second attempt: %" PRIu64 "\n", cuts);
	assert_true(cuts > 1000);
}

/* The power stays on: what has failed leaves the same behind as a cut. */
static void upgrade__each_operation_fails__settings_are_there_and_the_next_attempt_has_them(
	void **state)
{
	build(false, true, true);
	assert_true(lb_fake_power_fails(&power, &scenario) > 20);
}

static void upgrade__overlay_cannot_be_mounted__it_is_made_before_the_root_is_changed(void **state)
{
	build(false, false, false);
	assert_int_equal(attempt(NEW), 0);
	lb_fake_block_peek(&medium, 0, seen, sizeof(seen));
	assert_int_equal(root_now(), NEW);
	assert_null(look_at_root(NEW));
}

static int have_no_room(void *ctx)
{
	return LB_E(NOSPC);
}

static int fail_otherwise(void *ctx)
{
	return LB_E(IO);
}

static int must_not(void *ctx)
{
	lb_fake_die("an overlay that can be mounted is not made anew, nor is anything begun");
}

static void begin__overlay_is_full__nothing_is_changed(void **state)
{
	struct plat_safe_keep full = keep;

	build(false, false, true);
	full.put = have_no_room;
	full.make = must_not;
	full.note = must_not;
	assert_int_equal(lb_safe_keep_begin(&full), LB_E(NOSPC));
	lb_fake_block_peek(&medium, 0, seen, sizeof(seen));
	assert_memory_equal(seen, first, sizeof(seen));
}

static void begin__copy_or_mount_fails_for_another_reason__nothing_is_changed(void **state)
{
	struct plat_safe_keep failing = keep;

	build(false, false, true);
	failing.put = fail_otherwise;
	failing.make = must_not;
	failing.note = must_not;
	assert_int_equal(lb_safe_keep_begin(&failing), LB_E(IO));
	failing.find = fail_otherwise;
	failing.put = must_not;
	assert_int_equal(lb_safe_keep_begin(&failing), LB_E(IO));
	lb_fake_block_peek(&medium, 0, seen, sizeof(seen));
	assert_memory_equal(seen, first, sizeof(seen));
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(fresh(upgrade__cut_at_every_operation__settings_are_there_and_the_next_attempt_has_them),
      fresh(upgrade__cut_and_the_attempt_from_rescue_cut_as_well__the_third_has_them),
      fresh(upgrade__each_operation_fails__settings_are_there_and_the_next_attempt_has_them),
      fresh(upgrade__overlay_cannot_be_mounted__it_is_made_before_the_root_is_changed),
      fresh(begin__overlay_is_full__nothing_is_changed),
      fresh(begin__copy_or_mount_fails_for_another_reason__nothing_is_changed))
