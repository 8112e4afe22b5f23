/* The recovery record on a flash chip and on a UBI volume: copies in erase blocks of their own, the
 * power cut at each erasure and each page. One copy is always right, and the next save works. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "plat/fake/flash.h"
#include "plat/fake/ubi.h"
#include "plat/flash_record.h"
#include "store/recovery.h"

#define BLOCKS 8

static struct lb_fake_power power;
static struct lb_fake_flash chip;
static struct lb_fake_ubi volume;
static struct lb_flash_record area;
static struct plat_block dev;
static struct plat_mtd mtd;
static struct plat_ubi ubi;
static bool on_ubi;
static uint32_t block_bytes;

static uint8_t *kept; /* the flash before the scenario */
static struct lb_fake_ubi_state kept_state;
static unsigned saved; /* saves that stand in it */
static unsigned acked, tried;
static struct lb_record mine, found;

static int open_area(void)
{
	return on_ubi ? lb_flash_record_ubi(&area, &dev, &ubi)
		      : lb_flash_record_mtd(&area, &dev, &mtd);
}

static void begin(bool with_ubi, uint32_t bytes, uint32_t page_bytes)
{
	power = (struct lb_fake_power){0};
	on_ubi = with_ubi;
	block_bytes = bytes;
	lb_fake_flash_init(&chip, &power, BLOCKS, bytes, page_bytes);
	lb_fake_ubi_init(&volume, &power, BLOCKS, bytes);
	mtd = lb_fake_flash_plat(&chip);
	ubi = lb_fake_ubi_plat(&volume);
	kept = malloc((size_t)BLOCKS * bytes);
	assert_non_null(kept);
	saved = acked = tried = 0;
	memset(&mine, 0, sizeof(mine));
}

static void end(void)
{
	free(kept);
	lb_fake_flash_release(&chip);
	lb_fake_ubi_release(&volume);
}

static uint8_t *medium(void)
{
	return on_ubi ? volume.bytes : chip.bytes;
}

static void keep_world(void)
{
	memcpy(kept, medium(), (size_t)BLOCKS * block_bytes);
	kept_state = volume.state;
	saved = acked;
}

static void put_back(void *ctx)
{
	memcpy(medium(), kept, (size_t)BLOCKS * block_bytes);
	volume.state = kept_state;
	acked = tried = saved;
}

static void fill(struct lb_record *r, unsigned n)
{
	uint64_t random = n;
	char line[64];

	r->boot_count = n;
	r->log_len = 0;
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(line, sizeof(line), "record %u line %u %" PRIx64, n, i,
			       lb_fake_random(&random));
		lb_record_log(r, line);
	}
}

static bool is_record(const struct lb_record *r, unsigned n)
{
	static struct lb_record want;

	fill(&want, n);
	return r->boot_count == n && r->log_len == want.log_len &&
	       memcmp(r->log, want.log, want.log_len) == 0;
}

/* A process of its own: opens, loads, changes, saves. */
static int save_next(void)
{
	int rc = open_area();

	if (rc == 0)
		rc = lb_recovery_load(&mine, &dev);
	if (rc == LB_E(NOENT)) {
		memset(&mine, 0, sizeof(mine));
		rc = 0;
	}
	if (rc < 0)
		return rc;
	fill(&mine, ++tried);
	rc = lb_recovery_save(&mine, &dev);
	if (rc == 0)
		acked = tried;
	return rc;
}

static const char *look(void)
{
	int rc = open_area();

	if (rc == 0)
		rc = lb_recovery_load(&found, &dev);
	if (rc == LB_E(NOENT) && acked == 0)
		return NULL;
	if (rc < 0)
		return "no record, although there was one";
	return (acked > 0 && is_record(&found, acked)) || is_record(&found, tried)
		       ? NULL
		       : "neither the old record nor the new one";
}

static void run_save(void *ctx)
{
	(void)!save_next();
}

static const char *check_and_go_on(void *ctx)
{
	const char *wrong = look();

	if (wrong)
		return wrong;
	if (save_next() < 0)
		return "nothing can be saved any more";
	return look();
}

static const struct lb_fake_scenario one_save = {
	.setup = put_back, .run = run_save, .check = check_and_go_on};

/* The cut hits the save that repairs what a first cut left. */
static uint64_t second_cuts;

static const char *check_under_second_cuts(void *ctx)
{
	const struct lb_fake_fate fate = power.fate;
	const uint64_t at_stake = power.at_stake, under_way = power.under_way;
	const unsigned outer_saved = saved;
	const char *wrong = look();
	uint8_t *outer = malloc((size_t)BLOCKS * block_bytes);
	const struct lb_fake_ubi_state outer_state = kept_state;

	assert_non_null(outer);
	memcpy(outer, kept, (size_t)BLOCKS * block_bytes);
	if (!wrong) {
		acked = acked > 0 && is_record(&found, acked) ? acked : tried;
		keep_world();
		second_cuts += lb_fake_power_cuts(&power, &one_save);
	}
	memcpy(kept, outer, (size_t)BLOCKS * block_bytes);
	free(outer);
	kept_state = outer_state;
	saved = outer_saved;
	power.fate = fate;
	power.at_stake = at_stake;
	power.under_way = under_way;
	return wrong;
}

struct geometry {
	const char *name;
	bool ubi;
	uint32_t block_bytes, page_bytes;
	unsigned bad; /* bit b: block b */
};

static const struct geometry geometries[] = {
	{"NOR, 64 KiB", false, 65536, 1, 0},
	{"NOR, 4 KiB", false, 4096, 1, 0},
	{"NAND, 128 KiB", false, 131072, 2048, 1 | 1u << 2},
	{"NAND, 16 KiB", false, 16384, 512, 0},
	{"UBI, 124 KiB", true, 126976, 0, 0},
	{"UBI, 15 KiB", true, 15360, 0, 0},
};

static void each_geometry(void (*one)(const struct geometry *g))
{
	for (size_t i = 0; i < sizeof(geometries) / sizeof(geometries[0]); i++) {
		const struct geometry *g = &geometries[i];

		begin(g->ubi, g->block_bytes, g->page_bytes);
		for (unsigned b = 0; b < BLOCKS; b++)
			chip.bad[b] = g->bad >> b & 1;
		one(g);
		end();
	}
}

static void cut_saves(const struct geometry *g)
{
	uint64_t cuts = 0;

	for (unsigned i = 0; i < 4; i++) {
		keep_world();
		cuts += lb_fake_power_cuts(&power, &one_save);
		put_back(NULL);
		lb_fake_power_on(&power);
		assert_int_equal(save_next(), 0);
	}
	print_message("%s: %" PRIu64 " power cuts\n", g->name, cuts);
	assert_true(cuts > 100);
}

static void save__power_cut_at_every_erasure_and_page__old_or_new_never_none(void **state)
{
	each_geometry(cut_saves);
}

static void cut_twice(const struct geometry *g)
{
	const struct lb_fake_scenario s = {
		.setup = put_back, .run = run_save, .check = check_under_second_cuts};
	uint64_t cuts;

	if (g->block_bytes != 16384 && g->block_bytes != 15360) /* takes long, and adds nothing */
		return;
	assert_int_equal(save_next(), 0);
	assert_int_equal(save_next(), 0);
	keep_world();
	second_cuts = 0;
	cuts = lb_fake_power_cuts(&power, &s);
	print_message("%s: %" PRIu64 " power cuts, then %" PRIu64 "\n", g->name, cuts, second_cuts);
	assert_true(second_cuts > 10 * cuts);
}

static void save__second_cut_while_repairing__old_or_new_never_none(void **state)
{
	each_geometry(cut_twice);
}

static void fail_saves(const struct geometry *g)
{
	assert_int_equal(save_next(), 0);
	keep_world();
	assert_true(lb_fake_power_fails(&power, &one_save) > 0);
}

static void save__each_operation_fails__old_or_new_and_the_next_save_works(void **state)
{
	each_geometry(fail_saves);
}

/* What docs/record.md tells about wear. */
static void count_erasures(const struct geometry *g)
{
	const unsigned per_copy = (LB_RECORD_BYTES + g->block_bytes - 1) / g->block_bytes;
	unsigned total = 0, used = 0;

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(save_next(), 0);
	for (unsigned b = 0; b < BLOCKS; b++) {
		const unsigned n = g->ubi ? volume.changes[b] : chip.erases[b];

		assert_true(n == 0 || n == 5);
		total += n;
		used += n > 0;
	}
	assert_int_equal(total, 10 * per_copy);
	assert_int_equal(used, 2 * per_copy);
}

static void save__ten_times__each_copy_was_erased_five_times(void **state)
{
	each_geometry(count_erasures);
}

static void save__block_wears_out_on_nand__copies_move_on(void **state)
{
	begin(false, 131072, 2048);
	chip.knows_bad = true;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(save_next(), 0);
	chip.worn[0] = true;
	assert_int_equal(save_next(), LB_E(IO));
	assert_true(chip.bad[0]);
	assert_null(look());
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(save_next(), 0);
	assert_null(look());
	assert_int_equal(chip.erases[2], 2);
	end();
}

static void save__block_wears_out_on_nor__error_and_the_last_record_stays(void **state)
{
	begin(false, 65536, 1);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(save_next(), 0);
	chip.worn[0] = true;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(save_next(), LB_E(IO));
		assert_null(look());
	}
	end();
}

static void open__too_few_blocks__is_refused(void **state)
{
	begin(false, 65536, 1);
	mtd.block_count = 1;
	assert_int_equal(open_area(), LB_E(NOSPC));
	mtd.block_count = 3;
	chip.bad[1] = true;
	assert_int_equal(open_area(), 0);
	chip.bad[2] = true;
	assert_int_equal(open_area(), LB_E(NOSPC));
	on_ubi = true;
	ubi.block_count = 1;
	assert_int_equal(open_area(), LB_E(NOSPC));
	end();
}

static void open__impossible_geometry__is_refused(void **state)
{
	begin(false, 65536, 1);
	mtd.block_bytes = 2048;
	assert_int_equal(open_area(), LB_E(UNSUP));
	mtd.block_bytes = 65536;
	mtd.page_bytes = 32768;
	assert_int_equal(open_area(), LB_E(UNSUP));
	mtd.page_bytes = 0;
	assert_int_equal(open_area(), LB_E(UNSUP));
	end();
}

static void area__anything_but_a_whole_copy__is_not_written(void **state)
{
	static uint8_t copy[LB_RECORD_BYTES];

	begin(false, 65536, 1);
	assert_int_equal(open_area(), 0);
	assert_int_equal(dev.write(dev.ctx, 0, copy, 512), LB_E(RANGE));
	assert_int_equal(dev.write(dev.ctx, LB_RECORD_BYTES, copy, sizeof(copy)), LB_E(RANGE));
	assert_int_equal(dev.write(dev.ctx, 2 * 65536, copy, sizeof(copy)), LB_E(RANGE));
	assert_int_equal(dev.read(dev.ctx, 65536 - 1, copy, 2), LB_E(RANGE));
	assert_int_equal(power.ops, 0);
	end();
}

TESTS(unit(save__power_cut_at_every_erasure_and_page__old_or_new_never_none),
      unit(save__second_cut_while_repairing__old_or_new_never_none),
      unit(save__each_operation_fails__old_or_new_and_the_next_save_works),
      unit(save__ten_times__each_copy_was_erased_five_times),
      unit(save__block_wears_out_on_nand__copies_move_on),
      unit(save__block_wears_out_on_nor__error_and_the_last_record_stays),
      unit(open__too_few_blocks__is_refused), unit(open__impossible_geometry__is_refused),
      unit(area__anything_but_a_whole_copy__is_not_written))
