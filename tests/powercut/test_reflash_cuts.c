/* The root is written anew from an image, cut or failing at each operation, and the boot after it
 * cut at each operation as well. At every moment: the target is as it was, or new, or the record
 * says that it is not whole; and a boot with power makes it new. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crc32.h"
#include "plat/fake/block.h"
#include "store/recovery.h"
#include "store/reflash.h"
#include "tests/silent.h"

#define HEAD	     LB_REFLASH_HEAD_BYTES
#define IMAGE_BYTES  (4 * HEAD + 700) /* no whole number of sectors */
#define TARGET_BYTES (6 * HEAD)
#define RECORD_AREA  (LB_RECORD_COPIES * LB_RECORD_BYTES)

static struct lb_fake_power power;
static struct lb_fake_block image, target, area;
static struct plat_block image_dev, target_dev, area_dev;
static uint8_t image_bytes[5 * HEAD], old_bytes[TARGET_BYTES], seen[TARGET_BYTES];
static uint8_t chunk[2 * HEAD];
static struct lb_reflash_work work = {.chunk = chunk, .chunk_bytes = sizeof(chunk)};
static struct lb_reflash_report report;
static struct lb_record record;
static const uint8_t *wanted; /* NULL: the image has no hash beside it */

/* The world before the run that is cut. */
static uint8_t first_target[TARGET_BYTES], first_area[RECORD_AREA];

static int note(enum lb_record_reflash reflash, enum lb_reset_outcome outcome, uint8_t why)
{
	int rc = lb_recovery_load(&record, &area_dev);

	if (rc < 0)
		return rc;
	record.reflash = (uint8_t)reflash;
	record.reset.outcome = (uint8_t)outcome;
	record.reset.why = why;
	return lb_recovery_save(&record, &area_dev);
}

static int note_begin(void *ctx)
{
	return note(LB_RECORD_REFLASH_BEGUN, LB_RESET_COMMITTED, 0);
}

static int note_end(void *ctx, enum lb_reflash_why why)
{
	return note(LB_RECORD_REFLASH_NONE, LB_RESET_COMPLETE, (uint8_t)why);
}

static int note_forget(void *ctx, enum lb_reflash_why why)
{
	return note(LB_RECORD_REFLASH_NONE, LB_RESET_REFUSED, (uint8_t)why);
}

static int clear(void *ctx, uint64_t off_bytes, uint64_t n)
{
	static const uint8_t zeroes[TARGET_BYTES];

	return target_dev.write(target_dev.ctx, off_bytes, zeroes, (size_t)n);
}

static struct plat_reflash plat_with(struct plat_block source)
{
	return (struct plat_reflash){.image = source,
				     .target = target_dev,
				     .clear = clear,
				     .begin = note_begin,
				     .end = note_end,
				     .forget = note_forget};
}

/* What the boot gate does before it uses the target; false: it must not use it. */
static bool boot(void)
{
	const struct plat_reflash p = plat_with(image_dev);
	struct lb_reflash_sense sense = {.image_bytes = IMAGE_BYTES, .target_bytes = TARGET_BYTES};

	report = (struct lb_reflash_report){.end = LB_REFLASH_DONE};
	if (lb_recovery_load(&record, &area_dev) < 0)
		return false; /* the record's disk does not answer: it is the root's disk as well */
	if (record.reflash == LB_RECORD_REFLASH_NONE)
		return true;
	sense.begun = record.reflash == LB_RECORD_REFLASH_BEGUN;
	return lb_reflash_run(&p, &sense, wanted, &work, &report) == 0 ||
	       report.end == LB_REFLASH_REFUSED;
}

/* `why`: what the run told that made it so. */
static bool is_new(enum lb_reflash_why why)
{
	static const uint8_t zeroes[TARGET_BYTES];

	return memcmp(seen, image_bytes, IMAGE_BYTES) == 0 &&
	       (why == LB_REFLASH_WHY_NOT_CLEARED ||
		memcmp(seen + IMAGE_BYTES, zeroes, TARGET_BYTES - IMAGE_BYTES) == 0);
}

static bool is_old(void)
{
	return memcmp(seen, old_bytes, sizeof(seen)) == 0;
}

/* Even without the record nobody may take what is half written for a file system: a whole head
 * stands over a whole body only. */
static const char *look_at_head(void)
{
	lb_fake_block_peek(&target, 0, seen, sizeof(seen));
	if (memcmp(seen, old_bytes, HEAD) == 0 && !is_old())
		return "the old head stands over a body that is not its own";
	if (memcmp(seen, image_bytes, HEAD) == 0 && memcmp(seen, image_bytes, IMAGE_BYTES) != 0)
		return "the new head stands over a body that is not whole";
	return NULL;
}

static const char *check(void *ctx)
{
	const char *wrong = look_at_head();
	bool used;

	if (wrong)
		return wrong;
	used = boot();
	lb_fake_block_peek(&target, 0, seen, sizeof(seen));
	if (!used)
		return "the boot after it does not come up";
	if (!is_new(report.why))
		return "the root is not new after it";
	if (record.reflash != LB_RECORD_REFLASH_NONE || record.reset.outcome != LB_RESET_COMPLETE)
		return "the record does not say that it is done";
	return NULL;
}

static void put_world_back(void *ctx)
{
	lb_fake_block_poke(&target, 0, first_target, sizeof(first_target));
	lb_fake_block_poke(&area, 0, first_area, sizeof(first_area));
}

static void run_boot(void *ctx)
{
	(void)boot();
}

static const struct lb_fake_scenario scenario = {
	.setup = put_world_back, .run = run_boot, .check = check};

static void keep_world(void)
{
	lb_fake_block_peek(&target, 0, first_target, sizeof(first_target));
	lb_fake_block_peek(&area, 0, first_area, sizeof(first_area));
}

static int start(void **state)
{
	uint64_t random = 7;

	power = (struct lb_fake_power){0};
	lb_fake_block_init(&image, &power, 5 * HEAD);
	lb_fake_block_init(&target, &power, TARGET_BYTES);
	lb_fake_block_init(&area, &power, RECORD_AREA);
	image_dev = lb_fake_block_plat(&image);
	target_dev = lb_fake_block_plat(&target);
	area_dev = lb_fake_block_plat(&area);
	for (size_t i = 0; i < sizeof(image_bytes); i++)
		image_bytes[i] = (uint8_t)(lb_fake_random(&random) | 1);
	for (size_t i = 0; i < sizeof(old_bytes); i++)
		old_bytes[i] = (uint8_t)(lb_fake_random(&random) | 1);
	lb_fake_block_poke(&image, 0, image_bytes, sizeof(image_bytes));
	lb_fake_block_poke(&target, 0, old_bytes, sizeof(old_bytes));
	record = (struct lb_record){.reflash = LB_RECORD_REFLASH_ASKED,
				    .reset.outcome = LB_RESET_COMMITTED};
	wanted = NULL;
	silence_log();
	assert_int_equal(lb_recovery_save(&record, &area_dev), 0);
	keep_world();
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&image);
	lb_fake_block_release(&target);
	lb_fake_block_release(&area);
	return 0;
}

static void reflash__without_any_fault__target_is_the_image_and_the_rest_is_clear(void **state)
{
	assert_null(check(NULL));
	assert_int_equal(report.why, LB_REFLASH_WHY_NOTHING);
	/* A second boot finds nothing to do. */
	memset(first_target, 0x5A, sizeof(first_target));
	lb_fake_block_poke(&target, 0, first_target, sizeof(first_target));
	assert_true(boot());
	lb_fake_block_peek(&target, 0, seen, sizeof(seen));
	assert_memory_equal(seen, first_target, sizeof(seen));
}

static void reflash__cut_at_every_operation__the_next_boot_makes_it_new(void **state)
{
	uint64_t cuts = lb_fake_power_cuts(&power, &scenario);

	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 500);
}

/* Worlds that a first cut has left and that were tried already. */
#define WORLDS_MAX 4096
static uint32_t tried[WORLDS_MAX];
static size_t tried_count;

static bool is_tried(void)
{
	uint32_t crc = lb_crc32(lb_crc32(0, first_target, sizeof(first_target)), first_area,
				sizeof(first_area));

	for (size_t i = 0; i < tried_count; i++)
		if (tried[i] == crc)
			return true;
	assert_true(tried_count < WORLDS_MAX);
	tried[tried_count++] = crc;
	return false;
}

static uint64_t cut_twice(uint64_t at, struct lb_fake_fate fate, bool *came)
{
	static uint8_t begin_target[TARGET_BYTES], begin_area[RECORD_AREA];
	uint64_t cuts = 0;

	memcpy(begin_target, first_target, sizeof(begin_target));
	memcpy(begin_area, first_area, sizeof(begin_area));
	lb_fake_power_on(&power);
	put_world_back(NULL);
	power.fault_at = at;
	power.fault_cuts = true;
	power.fate = fate;
	run_boot(NULL);
	*came = power.off;
	if (!power.off)
		lb_fake_power_go_off(&power);
	lb_fake_power_on(&power);
	keep_world();
	if (!is_tried())
		cuts = lb_fake_power_cuts(&power, &scenario);
	memcpy(first_target, begin_target, sizeof(begin_target));
	memcpy(first_area, begin_area, sizeof(begin_area));
	return cuts;
}

static void reflash__cut_and_cut_again_in_the_next_boot__the_one_after_makes_it_new(void **state)
{
	uint64_t cuts = 0;
	bool came = true;

	tried_count = 0;
	for (uint64_t at = 1; came; at++)
		for (int policy = LB_FAKE_KEPT; policy <= LB_FAKE_REORDERED; policy++)
			for (uint64_t arg = 0; arg < (policy == LB_FAKE_REORDERED ? 2 : 1); arg++)
				cuts += cut_twice(
					at, (struct lb_fake_fate){(enum lb_fake_policy)policy, arg},
					&came);
	print_message("power cuts in the second boot: %" PRIu64 " after %zu first ones\n", cuts,
		      tried_count);
	assert_true(tried_count > 15 && cuts > 8000);
}

static unsigned not_cleared; /* runs that ended so */

/* An operation fails and the power stays on: the root is used as it was, or new, or not at all. */
static const char *check_failure(void *ctx)
{
	struct lb_reflash_report told = report;
	const char *wrong = look_at_head();

	if (wrong)
		return wrong;
	not_cleared += told.end == LB_REFLASH_DONE && told.why == LB_REFLASH_WHY_NOT_CLEARED;
	if (told.end == LB_REFLASH_REFUSED && !is_old())
		return "told as refused, and not as it was";
	if (told.end == LB_REFLASH_DONE && !is_old() && !is_new(told.why))
		return "told as done, and not new";
	if (told.end != LB_REFLASH_DONE && told.why == LB_REFLASH_WHY_NOTHING)
		return "a failure without a reason";
	if (lb_recovery_load(&record, &area_dev) < 0)
		return "the record is gone";
	if (told.end == LB_REFLASH_BROKEN && record.reflash != LB_RECORD_REFLASH_BEGUN &&
	    told.why != LB_REFLASH_WHY_NOT_NOTED)
		return "not whole, and the record does not say so";
	if (!boot())
		return "the next boot does not come up";
	lb_fake_block_peek(&target, 0, seen, sizeof(seen));
	return is_new(told.why) || (told.end == LB_REFLASH_REFUSED && is_old())
		       ? NULL
		       : "not new after it";
}

static void reflash__each_operation_fails__it_is_told_and_the_next_boot_comes_up(void **state)
{
	const struct lb_fake_scenario fails = {
		.setup = put_world_back, .run = run_boot, .check = check_failure};
	uint64_t count;

	not_cleared = 0;
	count = lb_fake_power_fails(&power, &fails);
	print_message("failures: %" PRIu64 "\n", count);
	assert_true(count > 30);
	assert_int_equal(not_cleared, 2); /* the clearing, and its flush */
}

static void reflash__image_with_another_hash__is_refused_and_nothing_is_written(void **state)
{
	static const uint8_t other[LB_SHA256_BYTES] = {1};

	wanted = other;
	assert_true(boot());
	assert_int_equal(report.end, LB_REFLASH_REFUSED);
	assert_int_equal(report.why, LB_REFLASH_WHY_WRONG_HASH);
	lb_fake_block_peek(&target, 0, seen, sizeof(seen));
	assert_true(is_old());
	assert_int_equal(record.reflash, LB_RECORD_REFLASH_NONE);
	assert_int_equal(record.reset.outcome, LB_RESET_REFUSED);
}

static void reflash__image_lost_after_it_was_begun__target_is_not_used_and_the_request_stays(
	void **state)
{
	static const uint8_t other[LB_SHA256_BYTES] = {1};

	assert_int_equal(note_begin(NULL), 0);
	wanted = other;
	assert_false(boot());
	assert_int_equal(report.end, LB_REFLASH_BROKEN);
	assert_int_equal(lb_recovery_load(&record, &area_dev), 0);
	assert_int_equal(record.reflash, LB_RECORD_REFLASH_BEGUN);
	/* Somebody brings the image back. */
	wanted = NULL;
	assert_null(check(NULL));
}

static int read_other_bytes(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	int rc = image_dev.read(ctx, off_bytes, buf, n);

	if (rc == 0 && record.reflash == LB_RECORD_REFLASH_BEGUN)
		((uint8_t *)buf)[n - 1] ^= 1;
	return rc;
}

static void reflash__image_that_reads_differently_the_second_time__is_not_taken(void **state)
{
	const struct plat_block lying = {.ctx = image_dev.ctx, .read = read_other_bytes};
	const struct plat_reflash p = plat_with(lying);
	const struct lb_reflash_sense sense = {.image_bytes = IMAGE_BYTES,
					       .target_bytes = TARGET_BYTES};

	assert_int_equal(lb_reflash_run(&p, &sense, NULL, &work, &report), LB_E(STATE));
	assert_int_equal(report.end, LB_REFLASH_BROKEN);
	assert_int_equal(report.why, LB_REFLASH_WHY_NOT_READ_BACK);
	assert_null(look_at_head());
	assert_null(check(NULL));
}

/* A device that takes the new head and keeps what it had. */
static int lose_head(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	return off_bytes == 0 && ((const uint8_t *)buf)[0]
		       ? 0
		       : target_dev.write(ctx, off_bytes, buf, n);
}

static void reflash__device_that_loses_the_head__is_told_and_not_used(void **state)
{
	struct plat_reflash p = plat_with(image_dev);
	const struct lb_reflash_sense sense = {.image_bytes = IMAGE_BYTES,
					       .target_bytes = TARGET_BYTES};

	p.target.write = lose_head;
	assert_int_equal(lb_reflash_run(&p, &sense, NULL, &work, &report), LB_E(STATE));
	assert_int_equal(report.end, LB_REFLASH_BROKEN);
	assert_int_equal(report.why, LB_REFLASH_WHY_NOT_READ_BACK);
	assert_int_equal(lb_recovery_load(&record, &area_dev), 0);
	assert_int_equal(record.reflash, LB_RECORD_REFLASH_BEGUN);
	assert_null(check(NULL));
}

static void look__image_and_its_hash__says_whether_it_is_the_one(void **state)
{
	struct plat_block whole = image_dev;
	uint8_t hash[LB_SHA256_BYTES];

	whole.size_bytes = IMAGE_BYTES;
	assert_int_equal(lb_reflash_look(&whole, NULL, &work), 0);
	memcpy(hash, work.hash, sizeof(hash));
	assert_int_equal(lb_reflash_look(&whole, hash, &work), 0);
	hash[31] ^= 1;
	assert_int_equal(lb_reflash_look(&whole, hash, &work), LB_E(CRC));
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(fresh(reflash__without_any_fault__target_is_the_image_and_the_rest_is_clear),
      fresh(reflash__cut_at_every_operation__the_next_boot_makes_it_new),
      fresh(reflash__cut_and_cut_again_in_the_next_boot__the_one_after_makes_it_new),
      fresh(reflash__each_operation_fails__it_is_told_and_the_next_boot_comes_up),
      fresh(reflash__image_with_another_hash__is_refused_and_nothing_is_written),
      fresh(reflash__image_lost_after_it_was_begun__target_is_not_used_and_the_request_stays),
      fresh(reflash__image_that_reads_differently_the_second_time__is_not_taken),
      fresh(reflash__device_that_loses_the_head__is_told_and_not_used),
      fresh(look__image_and_its_hash__says_whether_it_is_the_one))
