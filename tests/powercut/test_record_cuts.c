#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/crc32.h"
#include "plat/fake/block.h"
#include "store/recovery.h"

#define AREA_BYTES  (LB_RECORD_COPIES * LB_RECORD_BYTES)
#define RECORDS_MAX 32
#define STATES	    6 /* saves done before the one that is cut: each copy is old and new, twice */

/* What the fake stands on, and what the code under test has in memory. */
static struct lb_fake_power power;
static struct lb_fake_block fake;
static struct plat_block dev;
static uint8_t area[AREA_BYTES];     /* the medium before the scenario */
static unsigned saved;		     /* saves that stand in `area` */
static unsigned acked;		     /* the last save that said it was done; 0 = none */
static unsigned tried;		     /* the last save that was begun */
static struct lb_record mine, found; /* mine: the record as the program under test holds it */

/* Record number n: no two have a field in common, so that a mix of them shows. */
static void make_record(struct lb_record *r, unsigned n)
{
	char line[64];
	uint64_t random = n;

	r->boot_count = n;
	r->request = (uint8_t)(n + 10);
	r->last_state = (uint8_t)(n + 20);
	r->last_reason = (uint8_t)(n + 30);
	r->overlay = (uint8_t)(n + 40);
	r->host_key_len = LB_BLOB_MAX - n % 7;
	for (size_t i = 0; i < r->host_key_len; i++)
		r->host_key[i] = (uint8_t)lb_fake_random(&random);
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(line, sizeof(line), "record %u line %u %" PRIx64, n, i,
			       lb_fake_random(&random));
		lb_record_log(r, line);
	}
}

/* Made once: the tests ask for each of them thousands of times. */
static const struct lb_record *record(unsigned n)
{
	static struct lb_record all[RECORDS_MAX];

	assert_in_range(n, 1, RECORDS_MAX - 1);
	if (all[n].boot_count == 0)
		make_record(&all[n], n);
	return &all[n];
}

/* As a program does it that changes what it loaded: the number stays. */
static void change_to(struct lb_record *r, unsigned n)
{
	const uint64_t seq = r->seq;

	*r = *record(n);
	r->seq = seq;
}

static bool is_record(const struct lb_record *r, unsigned n)
{
	const struct lb_record *want = record(n);

	return r->boot_count == n && r->request == want->request &&
	       r->last_state == want->last_state && r->last_reason == want->last_reason &&
	       r->overlay == want->overlay && r->host_key_len == want->host_key_len &&
	       memcmp(r->host_key, want->host_key, want->host_key_len) == 0 &&
	       r->log_len == want->log_len && memcmp(r->log, want->log, want->log_len) == 0;
}

static int save_next(void)
{
	int rc;

	change_to(&mine, ++tried);
	rc = lb_recovery_save(&mine, &dev);
	if (rc == 0)
		acked = tried;
	return rc;
}

/* NULL when the device holds the last record that was acknowledged, or the one under way. */
static const char *look(void)
{
	int rc = lb_recovery_load(&found, &dev);

	if (rc == LB_E(NOENT) && acked == 0)
		return NULL;
	if (rc == LB_E(NOENT))
		return "no record, although there was one";
	if (rc < 0)
		return "the record cannot be loaded";
	if (acked > 0 && is_record(&found, acked))
		return NULL;
	return is_record(&found, tried) ? NULL : "neither the old record nor the new one";
}

static const char *look_and_go_on(void)
{
	const char *wrong = look();

	if (wrong)
		return wrong;
	memset(&mine, 0, sizeof(mine));
	if (lb_recovery_load(&mine, &dev) < 0 && acked > 0)
		return "the record cannot be loaded again";
	if (save_next() < 0)
		return "nothing can be saved any more";
	if (lb_recovery_load(&found, &dev) < 0 || !is_record(&found, tried))
		return "the next save is not the record";
	return NULL;
}

static void put_world_back(void *ctx)
{
	lb_fake_block_poke(&fake, 0, area, sizeof(area));
	acked = tried = saved;
	memset(&mine, 0, sizeof(mine));
}

static void run_one_save(void *ctx)
{
	int rc = lb_recovery_load(&mine, &dev);

	if (rc == 0 || rc == LB_E(NOENT))
		(void)save_next();
}

static const char *check_and_go_on(void *ctx)
{
	return look_and_go_on();
}

static const struct lb_fake_scenario one_save = {
	.setup = put_world_back, .run = run_one_save, .check = check_and_go_on};

/* A program that does not give up: it saves again after an error. */
static void run_retrying_saves(void *ctx)
{
	int rc = lb_recovery_load(&mine, &dev);

	if (rc < 0 && rc != LB_E(NOENT))
		return;
	for (int i = 0; i < 3; i++)
		(void)save_next();
}

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&fake, &power, AREA_BYTES);
	dev = lb_fake_block_plat(&fake);
	memset(&mine, 0, sizeof(mine));
	memset(area, 0, sizeof(area));
	saved = acked = tried = 0;
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&fake);
	return 0;
}

static void keep_world(void)
{
	lb_fake_block_peek(&fake, 0, area, sizeof(area));
	saved = acked;
}

/* Leave `count` saves behind. */
static void save_times(unsigned count)
{
	lb_fake_power_on(&power);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(save_next(), 0);
	keep_world();
}

static void save__power_cut_at_every_operation__old_or_new_never_none(void **state)
{
	uint64_t cuts = 0;

	for (unsigned i = 0; i < STATES; i++) {
		cuts += lb_fake_power_cuts(&power, &one_save);
		put_world_back(NULL);
		assert_true(lb_recovery_load(&mine, &dev) == (saved ? 0 : LB_E(NOENT)));
		save_times(1);
	}
	print_message("power cuts, one save: %" PRIu64 "\n", cuts);
	assert_true(cuts > 100 * STATES);
}

static void save__in_areas_full_of_rubbish__power_cut_leaves_old_or_new(void **state)
{
	uint64_t random = 1;

	for (size_t i = 0; i < sizeof(area); i++)
		area[i] = (uint8_t)lb_fake_random(&random);
	print_message("power cuts, first save over noise: %" PRIu64 "\n",
		      lb_fake_power_cuts(&power, &one_save));
	memset(area, 0xff, sizeof(area));
	print_message("power cuts, first save over 0xff: %" PRIu64 "\n",
		      lb_fake_power_cuts(&power, &one_save));
}

/* The second cut hits the save that repairs what the first one left. */
static const char *check_under_second_cuts(void *ctx)
{
	static uint8_t outer[AREA_BYTES];
	static const struct lb_fake_scenario again = {
		.setup = put_world_back, .run = run_one_save, .check = check_and_go_on};
	uint64_t *cuts = ctx;
	const struct lb_fake_fate fate = power.fate;
	const uint64_t at_stake = power.at_stake, under_way = power.under_way;
	const unsigned outer_saved = saved;
	const char *wrong = look();

	if (wrong)
		return wrong;
	/* Every fate twice would take minutes: after a third of the first cuts. */
	if (fate.arg % 3 != 0)
		return NULL;
	memcpy(outer, area, sizeof(area));
	saved = acked > 0 && is_record(&found, acked) ? acked : tried;
	lb_fake_block_peek(&fake, 0, area, sizeof(area));
	*cuts += lb_fake_power_cuts(&power, &again);
	memcpy(area, outer, sizeof(area));
	saved = outer_saved;
	power.fate = fate;
	power.at_stake = at_stake;
	power.under_way = under_way;
	return NULL;
}

static void save__second_cut_while_repairing__old_or_new_never_none(void **state)
{
	uint64_t cuts = 0, first;
	const struct lb_fake_scenario scenario = {.ctx = &cuts,
						  .setup = put_world_back,
						  .run = run_one_save,
						  .check = check_under_second_cuts};

	save_times(3);
	first = lb_fake_power_cuts(&power, &scenario);
	print_message("power cuts, second cut after %" PRIu64 " first ones: %" PRIu64 "\n", first,
		      cuts);
	assert_true(cuts > 10 * first);
}

/* What an error leaves in a cache may look newer than what is stored: only a cut afterwards tells
 * whether the next save spared the copy that is stored. */
static uint64_t failing_op;

static void run_with_failure_then_cut(void *ctx)
{
	const uint64_t cut_at = power.fault_at;

	power.fault_at = failing_op;
	power.fault_cuts = false;
	if (lb_recovery_load(&mine, &dev) == 0)
		(void)save_next();
	power.fault_at = power.ops + cut_at;
	power.fault_came = false;
	power.fault_cuts = true;
	(void)save_next();
}

static const char *check_after_failure(void *ctx)
{
	const char *wrong = look();

	/* The failed save may have stored its record as well. */
	return wrong && acked == saved && is_record(&found, saved + 1) ? NULL : wrong;
}

static void save__after_a_failed_one__power_cut_leaves_a_record(void **state)
{
	const struct lb_fake_scenario scenario = {.setup = put_world_back,
						  .run = run_with_failure_then_cut,
						  .check = check_after_failure};
	uint64_t cuts = 0;

	save_times(3);
	for (int i = 0; i < 2; i++) { /* what the program stems from is copy 0, then copy 1 */
		for (failing_op = 1; failing_op <= 14; failing_op++)
			cuts += lb_fake_power_cuts(&power, &scenario);
		put_world_back(NULL);
		assert_int_equal(lb_recovery_load(&mine, &dev), 0);
		save_times(1);
	}
	print_message("power cuts, save after a failed save: %" PRIu64 "\n", cuts);
}

static const char *check_failed_save(void *ctx)
{
	return look_and_go_on();
}

static void save__each_operation_fails__error_and_record_untouched(void **state)
{
	save_times(3);
	for (uint64_t at = 3;; at++) { /* 1 and 2 are the reads of the load */
		static struct lb_record before;
		int rc;

		lb_fake_power_on(&power);
		put_world_back(NULL);
		assert_int_equal(lb_recovery_load(&mine, &dev), 0);
		power.fault_at = at;
		power.fault_cuts = false;
		change_to(&mine, ++tried);
		before = mine;
		rc = lb_recovery_save(&mine, &dev);
		if (power.ops < at) {
			assert_int_equal(rc, 0);
			assert_true(at > 6);
			return;
		}
		if (at > 4) { /* one unreadable copy does not keep the other from serving */
			assert_int_equal(rc, LB_E(IO));
			assert_memory_equal(&mine, &before, sizeof(mine));
		}
		power.fault_at = 0;
		if (rc == 0)
			acked = tried;
		assert_null(look_and_go_on());
	}
}

static void save__program_retries_after_each_failure__next_save_works(void **state)
{
	const struct lb_fake_scenario scenario = {
		.setup = put_world_back, .run = run_retrying_saves, .check = check_failed_save};
	uint64_t fails;

	save_times(2);
	fails = lb_fake_power_fails(&power, &scenario);
	print_message("operations that failed: %" PRIu64 "\n", fails);
	assert_true(fails > 10);
}

static void save__many_times__flushes_once_each_and_alternates(void **state)
{
	for (unsigned i = 1; i <= 20; i++) {
		static uint8_t before[AREA_BYTES], after[AREA_BYTES];
		const size_t target = (i - 1) % 2 * (size_t)LB_RECORD_BYTES;
		const size_t other = LB_RECORD_BYTES - target;

		lb_fake_block_peek(&fake, 0, before, sizeof(before));
		assert_int_equal(save_next(), 0);
		lb_fake_block_peek(&fake, 0, after, sizeof(after));
		assert_int_equal(mine.seq, i);
		assert_int_equal(fake.flushes, i);
		assert_memory_equal(before + other, after + other, LB_RECORD_BYTES);
		assert_int_not_equal(memcmp(before + target, after + target, LB_RECORD_BYTES), 0);
	}
}

static void damage(unsigned i, size_t n)
{
	static uint8_t noise[LB_RECORD_BYTES];
	uint64_t random = i + n;

	for (size_t k = 0; k < n; k++)
		noise[k] = (uint8_t)lb_fake_random(&random);
	lb_fake_block_poke(&fake, (uint64_t)i * LB_RECORD_BYTES, noise, n);
}

static void load__one_copy_damaged_at_rest__other_one_is_used_and_repaired(void **state)
{
	save_times(4); /* copy 1 holds record 4, copy 0 record 3 */
	for (unsigned i = 0; i < LB_RECORD_COPIES; i++) {
		put_world_back(NULL);
		damage(i, LB_RECORD_BYTES);
		assert_int_equal(lb_recovery_load(&mine, &dev), 0);
		assert_true(is_record(&mine, i == 0 ? 4 : 3));
		assert_int_equal(save_next(), 0);
		damage(1 - i, LB_RECORD_BYTES);
		assert_int_equal(lb_recovery_load(&found, &dev), 0);
		assert_true(is_record(&found, tried));
	}
}

static void load__both_copies_damaged__there_is_none_and_a_save_works(void **state)
{
	save_times(4);
	damage(0, LB_RECORD_BYTES);
	damage(1, 1);
	memset(&found, 0xA5, sizeof(found));
	mine = found;
	assert_int_equal(lb_recovery_load(&found, &dev), LB_E(NOENT));
	assert_memory_equal(&found, &mine, sizeof(found));
	memset(&mine, 0, sizeof(mine));
	assert_int_equal(save_next(), 0);
	assert_int_equal(mine.seq, 1);
	assert_null(look());
}

static void load__equal_numbers__copy_0_is_the_record_and_the_next_save_spares_it(void **state)
{
	static uint8_t copy[LB_RECORD_BYTES];

	save_times(1);
	change_to(&mine, 2);
	assert_int_equal(lb_record_encode(&mine, copy), 0); /* still number 1 */
	lb_fake_block_poke(&fake, LB_RECORD_BYTES, copy, sizeof(copy));
	assert_int_equal(lb_recovery_load(&found, &dev), 0);
	assert_true(is_record(&found, 1));
	change_to(&found, 3);
	assert_int_equal(lb_recovery_save(&found, &dev), 0);
	damage(1, LB_RECORD_BYTES);
	assert_int_equal(lb_recovery_load(&found, &dev), 0);
	assert_true(is_record(&found, 1));
}

/* Record n under the given number, as a later major version of the format would write it. */
static void put_newer_major(unsigned i, unsigned n, uint64_t seq)
{
	static uint8_t copy[LB_RECORD_BYTES];
	static struct lb_record r;
	uint32_t crc;

	change_to(&r, n);
	r.seq = seq;
	assert_int_equal(lb_record_encode(&r, copy), 0);
	copy[9] = 2;
	crc = lb_crc32(lb_crc32(0, copy, 24), copy + 28, sizeof(copy) - 28); /* docs/record.md */
	for (int k = 0; k < 4; k++)
		copy[24 + k] = (uint8_t)(crc >> (24 - 8 * k));
	lb_fake_block_poke(&fake, (uint64_t)i * LB_RECORD_BYTES, copy, sizeof(copy));
}

static void save__next_to_a_newer_major_version__counts_on_from_it(void **state)
{
	save_times(2);
	put_newer_major(1, 2, 40);
	assert_int_equal(lb_recovery_load(&mine, &dev), 0);
	assert_true(is_record(&mine, 1));
	assert_int_equal(save_next(), 0);
	assert_int_equal(mine.seq, 41);
}

static void save__two_newer_major_versions__older_one_is_overwritten(void **state)
{
	for (unsigned older = 0; older < LB_RECORD_COPIES; older++) {
		static uint8_t before[LB_RECORD_BYTES], after[LB_RECORD_BYTES];
		const uint64_t other = (uint64_t)(1 - older) * LB_RECORD_BYTES;

		put_newer_major(older, 1, 50);
		put_newer_major(1 - older, 2, 51);
		memset(&mine, 0, sizeof(mine));
		assert_int_equal(lb_recovery_load(&mine, &dev), LB_E(NOENT));
		lb_fake_block_peek(&fake, other, before, sizeof(before));
		assert_int_equal(save_next(), 0);
		assert_int_equal(mine.seq, 52);
		lb_fake_block_peek(&fake, other, after, sizeof(after));
		assert_memory_equal(before, after, sizeof(before));
	}
}

/* A program that made its record up instead of loading it. */
static void save__record_of_no_copy__newest_one_is_spared(void **state)
{
	save_times(4);
	for (unsigned i = 0; i < LB_RECORD_COPIES; i++) {
		const unsigned newest = acked;

		memset(&mine, 0, sizeof(mine));
		assert_int_equal(save_next(), 0);
		damage(i, LB_RECORD_BYTES); /* 5 went to copy 0, 6 goes to copy 1 */
		assert_int_equal(lb_recovery_load(&found, &dev), 0);
		assert_true(is_record(&found, newest));
		put_world_back(NULL);
		save_times(1);
	}
}

static void area__too_small__is_refused_without_an_operation(void **state)
{
	dev.size_bytes = AREA_BYTES - 1;
	assert_int_equal(lb_recovery_load(&found, &dev), LB_E(NOSPC));
	assert_int_equal(lb_recovery_save(&mine, &dev), LB_E(NOSPC));
	assert_int_equal(power.ops, 0);
}

static void load__one_copy_unreadable__other_one_is_used(void **state)
{
	save_times(4);
	for (uint64_t at = 1; at <= LB_RECORD_COPIES; at++) {
		lb_fake_power_on(&power);
		power.fault_at = at;
		power.fault_cuts = false;
		assert_int_equal(lb_recovery_load(&found, &dev), 0);
		assert_true(is_record(&found, at == 1 ? 4 : 3));
	}
}

static void load__only_valid_copy_unreadable__fails_and_out_untouched(void **state)
{
	save_times(1); /* copy 0 */
	memset(&found, 0xA5, sizeof(found));
	mine = found;
	lb_fake_power_on(&power);
	power.fault_at = 1;
	power.fault_cuts = false;
	assert_int_equal(lb_recovery_load(&found, &dev), LB_E(IO));
	assert_memory_equal(&found, &mine, sizeof(found));
}

/* Reading copy `unreadable` fails. */
static unsigned unreadable;

static int read_other_copy(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	const struct plat_block honest = lb_fake_block_plat(&fake);

	if (off_bytes / LB_RECORD_BYTES == unreadable)
		return LB_E(IO);
	return honest.read(ctx, off_bytes, buf, n);
}

static void save__one_copy_unreadable_and_none_valid__unreadable_one_is_spared(void **state)
{
	for (unreadable = 0; unreadable < LB_RECORD_COPIES; unreadable++) {
		put_world_back(NULL);
		dev.read = read_other_copy;
		assert_int_equal(save_next(), 0);
		assert_int_equal(lb_recovery_load(&found, &dev), 0);
		assert_true(is_record(&found, tried));
	}
}

static int refuse_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	return LB_E(IO);
}

static void save__no_copy_can_be_read__nothing_is_written(void **state)
{
	save_times(3);
	dev.read = refuse_read;
	power.ops = 0;
	assert_int_equal(save_next(), LB_E(IO));
	assert_int_equal(power.ops, 0);
}

/* A device that takes every write and stores it with one wrong bit. */
static int write_wrong(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	static uint8_t wrong[LB_RECORD_BYTES];
	const struct plat_block honest = lb_fake_block_plat(&fake);

	memcpy(wrong, buf, n);
	wrong[n - 1] ^= 0x80;
	return honest.write(ctx, off_bytes, wrong, n);
}

static void save__device_stores_something_else__is_found_by_reading_back(void **state)
{
	save_times(3);
	dev.write = write_wrong;
	assert_int_equal(save_next(), LB_E(IO));
	assert_int_equal(mine.seq, 3);
	assert_int_equal(lb_recovery_load(&found, &dev), 0);
	assert_true(is_record(&found, 3));
}

#define on_fake(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(on_fake(save__power_cut_at_every_operation__old_or_new_never_none),
      on_fake(save__in_areas_full_of_rubbish__power_cut_leaves_old_or_new),
      on_fake(save__second_cut_while_repairing__old_or_new_never_none),
      on_fake(save__after_a_failed_one__power_cut_leaves_a_record),
      on_fake(save__each_operation_fails__error_and_record_untouched),
      on_fake(save__program_retries_after_each_failure__next_save_works),
      on_fake(save__many_times__flushes_once_each_and_alternates),
      on_fake(load__one_copy_damaged_at_rest__other_one_is_used_and_repaired),
      on_fake(load__both_copies_damaged__there_is_none_and_a_save_works),
      on_fake(load__equal_numbers__copy_0_is_the_record_and_the_next_save_spares_it),
      on_fake(save__next_to_a_newer_major_version__counts_on_from_it),
      on_fake(save__two_newer_major_versions__older_one_is_overwritten),
      on_fake(save__record_of_no_copy__newest_one_is_spared),
      on_fake(area__too_small__is_refused_without_an_operation),
      on_fake(load__one_copy_unreadable__other_one_is_used),
      on_fake(load__only_valid_copy_unreadable__fails_and_out_untouched),
      on_fake(save__one_copy_unreadable_and_none_valid__unreadable_one_is_spared),
      on_fake(save__no_copy_can_be_read__nothing_is_written),
      on_fake(save__device_stores_something_else__is_found_by_reading_back))
