/* The only root is written anew from RAM and its owner's settings are kept, cut at each operation,
 * and the attempt from rescue after it again. Whatever is cut: a root with a head is whole and has
 * the settings; without one the archive is found on the medium, and the next attempt, with an image
 * of another size, ends with the settings in place. */
#include "tests/t.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "base/crc32.h"
#include "plat/fake/block.h"
#include "store/safe_copy.h"
#include "store/upgrade.h"
#include "tests/silent.h"

#define BLOCK	       512
#define ARCHIVE_BYTES  600 /* with its header two blocks behind the head */
#define OVERLAY_BLOCKS 4   /* superblock, archive, and what else the owner has */
#define ROOT_MAX       7
#define DISK_BLOCKS    (ROOT_MAX + OVERLAY_BLOCKS)
#define COPIES	       2
#define RECORD_AREA    (COPIES * BLOCK)

enum {
	NOTHING = 0,
	OLD = 'o', /* roots, by the attempt that wrote them */
	NEW = 'n',
	NEXT = 'x',
	THIRD = 't',
	FS = 'f', /* superblocks */
	MARK = 'm',
	SAVED = 'd',
};

static struct lb_fake_power power;
static struct lb_fake_block disk, area;
static struct plat_block disk_dev, area_dev;

/* In place of the recovery record, whose own cuts tests/powercut/test_record_cuts.c has: as safe,
 * and a hundred times as short. */
static struct record {
	uint32_t crc, seq; /* over all that follows */
	uint8_t stage, outcome;
	size_t settings_len;
	char settings[LB_SAFE_PLACE_MAX];
	uint8_t settings_hash[LB_SAFE_HASH_BYTES];
} record;
static uint8_t seen[DISK_BLOCKS * BLOCK], first_disk[DISK_BLOCKS * BLOCK];
static uint8_t first_area[RECORD_AREA];
static uint8_t left_disk[sizeof(first_disk)], left_area[RECORD_AREA]; /* by a first cut */
static uint8_t archive[ARCHIVE_BYTES]; /* as it was made, for comparison */
static uint8_t ram[ARCHIVE_BYTES];     /* what an attempt has of it */
static size_t ram_used;

/* One attempt: the image, and where the root before it had its overlay. */
static struct attempt {
	int what;
	unsigned root_blocks, overlay_before;
	bool begun;
} now;

static struct {
	unsigned old_root, new_root, next_root;
} size;

/* --- the disk */

static int put(uint64_t block, int what)
{
	uint8_t bytes[BLOCK];

	memset(bytes, what, sizeof(bytes));
	return disk_dev.write(disk_dev.ctx, block * BLOCK, bytes, sizeof(bytes));
}

static int put_durably(uint64_t block, int what)
{
	int rc = put(block, what);

	return rc < 0 ? rc : disk_dev.flush(disk_dev.ctx);
}

static int target_begin(void *ctx, uint64_t image_bytes)
{
	return put_durably(0, NOTHING);
}

static int target_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	uint8_t whole[4 * BLOCK] = {0};
	const size_t blocks = (n + BLOCK - 1) / BLOCK;

	assert_true(off_bytes >= BLOCK && off_bytes % BLOCK == 0 && n <= sizeof(whole));
	memcpy(whole, buf, n);
	return disk_dev.write(disk_dev.ctx, off_bytes, whole, blocks * BLOCK);
}

static int target_flush(void *ctx)
{
	return disk_dev.flush(disk_dev.ctx);
}

static int target_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	return disk_dev.read(disk_dev.ctx, off_bytes, buf, n);
}

static const struct plat_target target = {
	.size_bytes = DISK_BLOCKS * BLOCK,
	.head_bytes = BLOCK,
	.block_bytes = BLOCK,
	.begin = target_begin,
	.write = target_write,
	.flush = target_flush,
	.read = target_read,
};

/* --- the record */

static uint32_t crc_of(const struct record *r)
{
	return lb_crc32(0, &r->seq, sizeof(*r) - sizeof(r->crc));
}

static int record_load(void)
{
	uint8_t copies[RECORD_AREA];
	struct record r, best = {0};
	int rc = area_dev.read(area_dev.ctx, 0, copies, sizeof(copies));

	for (size_t i = 0; i < COPIES; i++) {
		memcpy(&r, copies + i * BLOCK, sizeof(r));
		if (r.crc == crc_of(&r) && r.seq > best.seq)
			best = r;
	}
	if (rc == 0)
		record = best;
	return rc < 0 || best.seq > 0 ? rc : LB_E(NOENT);
}

static int record_save(void)
{
	uint8_t copy[BLOCK] = {0};
	int rc;

	record.seq++;
	record.crc = crc_of(&record);
	memcpy(copy, &record, sizeof(record));
	rc = area_dev.write(area_dev.ctx, record.seq % COPIES * BLOCK, copy, sizeof(copy));
	return rc < 0 ? rc : area_dev.flush(area_dev.ctx);
}

static void hash_of(const uint8_t *bytes, uint8_t hash[LB_SAFE_HASH_BYTES])
{
	crypto_hash_sha256(hash, bytes, ARCHIVE_BYTES);
}

/* --- an attempt */

static int do_note(void *ctx, enum lb_safe_where where)
{
	const uint64_t at = where == LB_SAFE_IN_OLD_OVERLAY ? now.overlay_before : now.root_blocks;
	int rc = record_load();

	if (rc < 0)
		return rc;
	record.stage = LB_UPGRADE_BEGUN;
	record.settings_len = lb_safe_place_encode(at * BLOCK, record.settings);
	hash_of(ram, record.settings_hash);
	return record_save();
}

static int do_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	assert_true(off_bytes + n <= ram_used);
	memcpy(buf, ram + off_bytes, n);
	return 0;
}

/* As store/stage.h does it. */
static int do_place(void *ctx)
{
	const uint64_t at = now.root_blocks;
	uint8_t file[2 * BLOCK] = {0};
	int rc = put_durably(at, MARK);

	memcpy(file, ram, sizeof(ram));
	if (rc == 0)
		rc = disk_dev.write(disk_dev.ctx, (at + 1) * BLOCK, file, sizeof(file));
	if (rc == 0)
		rc = put_durably(at + 3, NOTHING);
	return rc < 0 ? rc : put_durably(at, FS);
}

/* In the order of install/install.h, which keeps the settings before it writes. */
static int do_write(void *ctx)
{
	struct plat_safe_copy safe = {
		.target = &target, .read = do_read, .note = do_note, .place = do_place};
	bool changed;
	int rc;

	safe.archive.archive_bytes = ram_used;
	hash_of(ram, safe.archive.hash);
	rc = lb_safe_copy_run(&safe, now.begun, &changed);
	if (rc < 0)
		return changed ? rc : LB_E(STATE);
	rc = target_begin(NULL, LB_TARGET_LENGTH_UNKNOWN);
	for (uint64_t i = 1; rc == 0 && i < now.root_blocks; i++)
		rc = put(i, now.what);
	if (rc == 0)
		rc = target_flush(NULL);
	return rc == 0 ? put_durably(0, now.what) : rc;
}

static int do_check(void *ctx)
{
	return 0;
}

static int do_stage(void *ctx, enum lb_upgrade_stage stage)
{
	int rc = record_load();

	record.stage = (uint8_t)stage;
	return rc < 0 ? rc : record_save();
}

static int do_late_place(void *ctx)
{
	lb_fake_die("what has its place is placed again");
}

static int do_end(void *ctx, enum lb_upgrade_outcome outcome)
{
	int rc = record_load();

	record = (struct record){.seq = record.seq, .outcome = (uint8_t)outcome};
	return rc < 0 ? rc : record_save();
}

static int attempt(int what, unsigned root_blocks, unsigned overlay_before)
{
	const struct plat_upgrade p = {.check = do_check,
				       .write = do_write,
				       .note = do_stage,
				       .place = do_late_place,
				       .end = do_end,
				       .tidy = do_check};
	struct lb_upgrade_sense sense = {.settings = false}; /* placed before the root is whole */
	enum lb_upgrade_outcome outcome;
	int rc = record_load();

	if (rc < 0)
		return rc;
	sense.stage = (enum lb_upgrade_stage)record.stage;
	now = (struct attempt){what, root_blocks, overlay_before, sense.stage >= LB_UPGRADE_BEGUN};
	return lb_upgrade_run(&p, &sense, &outcome);
}

/* --- rescue */

static int take(void *ctx, const void *data, size_t n)
{
	if (n > sizeof(ram) - ram_used)
		return LB_E(RANGE);
	memcpy(ram + ram_used, data, n);
	ram_used += n;
	return 0;
}

/* A sector of noise is neither a head nor a superblock. */
static int sector(size_t at_bytes)
{
	for (size_t i = 1; i < BLOCK; i++)
		if (seen[at_bytes + i] != seen[at_bytes])
			return NOTHING;
	return seen[at_bytes];
}

static bool has_overlay(uint64_t at_bytes)
{
	uint8_t hash[LB_SAFE_HASH_BYTES];

	if (at_bytes + OVERLAY_BLOCKS * BLOCK > sizeof(seen) || sector(at_bytes) != FS)
		return false;
	memcpy(ram, seen + at_bytes + BLOCK, sizeof(ram));
	ram_used = sizeof(ram);
	hash_of(ram, hash);
	return memcmp(hash, record.settings_hash, sizeof(hash)) == 0;
}

/* What was in RAM is gone: NULL when it is there again. */
static const char *find_archive(void)
{
	struct lb_safe_header h;
	uint64_t overlay_bytes;

	memset(ram, 0, sizeof(ram));
	ram_used = 0;
	if (record_load() < 0 || record.stage != LB_UPGRADE_BEGUN)
		return "rescue does not know why there is no root";
	if (lb_safe_place_parse(&overlay_bytes, record.settings, record.settings_len) < 0)
		return "rescue does not know of the settings";
	if (lb_safe_copy_find(&h, &target, take, NULL) < 0) {
		lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
		if (!has_overlay(overlay_bytes))
			return "the archive is nowhere";
	}
	return ram_used == sizeof(archive) && memcmp(ram, archive, sizeof(archive)) == 0
		       ? NULL
		       : "another archive is found";
}

static unsigned blocks_of(int what)
{
	return what == OLD ? size.old_root : what == NEXT ? size.next_root : size.new_root;
}

static bool is_body(int what)
{
	for (size_t i = BLOCK; i < blocks_of(what) * BLOCK; i++)
		if (seen[i] != what)
			return false;
	return true;
}

/* A root with a head, whatever the record says. */
static const char *look_at_root(int what)
{
	const size_t overlay = blocks_of(what) * BLOCK;

	if (!is_body(what))
		return "a head stands over a body that is not whole";
	if (sector(overlay) != FS)
		return "a root can be entered that has no overlay";
	if (memcmp(seen + overlay + BLOCK, archive, sizeof(archive)) != 0)
		return "the overlay of a root that can be entered lacks the settings";
	if (seen[overlay + 3 * BLOCK] != (what == OLD ? SAVED : NOTHING))
		return "the overlay is not the one of that root";
	return NULL;
}

static const char *try_again(int what)
{
	const char *wrong = find_archive();

	if (wrong)
		return wrong;
	if (attempt(what, blocks_of(what), 0) < 0)
		return "the next attempt fails";
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	if (sector(0) != what)
		return "the root is not new after the next attempt";
	if (record.stage != LB_UPGRADE_NONE || record.outcome != LB_UPGRADE_COMPLETE)
		return "the record does not say that it is done";
	return look_at_root(what);
}

static const char *check(int next)
{
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	return sector(0) == NOTHING ? try_again(next) : look_at_root(sector(0));
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

static void put_world_back(void *ctx)
{
	lb_fake_block_poke(&disk, 0, first_disk, sizeof(first_disk));
	lb_fake_block_poke(&area, 0, first_area, sizeof(first_area));
	memcpy(ram, archive, sizeof(ram));
	ram_used = sizeof(ram);
}

static void keep_left(void *ctx)
{
	lb_fake_block_peek(&disk, 0, left_disk, sizeof(left_disk));
	lb_fake_block_peek(&area, 0, left_area, sizeof(left_area));
}

static void put_left_back(void *ctx)
{
	lb_fake_block_poke(&disk, 0, left_disk, sizeof(left_disk));
	lb_fake_block_poke(&area, 0, left_area, sizeof(left_area));
}

static void build_world(void)
{
	const size_t overlay = size.old_root * BLOCK;

	memset(first_disk, NOTHING, sizeof(first_disk));
	memset(first_disk, OLD, overlay);
	memset(first_disk + overlay, FS, BLOCK);
	memcpy(first_disk + overlay + BLOCK, archive, sizeof(archive));
	memset(first_disk + overlay + 3 * BLOCK, SAVED, BLOCK);
	memset(first_area, 0, sizeof(first_area));
	lb_fake_power_on(&power);
	put_world_back(NULL);
	record = (struct record){0};
	assert_int_equal(record_save(), 0);
	lb_fake_block_peek(&area, 0, first_area, sizeof(first_area));
}

static void run_first(void *ctx)
{
	if (attempt(NEW, size.new_root, size.old_root) < 0)
		return;
}

/* The boot after a cut. */
static void run_second(void *ctx)
{
	if (disk_dev.read(disk_dev.ctx, 0, seen, BLOCK) < 0 || sector(0) != NOTHING)
		return;
	if (find_archive() || attempt(NEXT, size.next_root, 0) < 0)
		return;
}

static const struct lb_fake_scenario first = {
	.setup = put_world_back, .run = run_first, .check = check_first};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&disk, &power, DISK_BLOCKS * BLOCK);
	lb_fake_block_init(&area, &power, RECORD_AREA);
	disk_dev = lb_fake_block_plat(&disk);
	area_dev = lb_fake_block_plat(&area);
	for (size_t i = 0; i < sizeof(archive); i++)
		archive[i] = (uint8_t)(i * 7 + i / 256);
	silence_log();
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&disk);
	lb_fake_block_release(&area);
	return 0;
}

/* The copy behind the head ends with block 3: no smaller root is taken. */
static const unsigned sizes[] = {3, 4, 5, ROOT_MAX};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void choose(size_t i)
{
	size.old_root = sizes[i % SIZES];
	size.new_root = sizes[i / SIZES % SIZES];
	size.next_root = sizes[i / SIZES / SIZES];
	build_world();
}

static void upgrade__cut_at_every_operation__settings_are_there_and_the_next_attempt_has_them(
	void **state)
{
	uint64_t cuts = 0;

	for (size_t i = 0; i < SIZES * SIZES * SIZES; i++) {
		choose(i);
		cuts += lb_fake_power_cuts(&power, &first);
	}
	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 10000);
}

static void upgrade__cut_and_the_attempt_from_rescue_cut_as_well__the_third_has_them(void **state)
{
	const struct lb_fake_scenario second = {
		.setup = put_left_back, .run = run_second, .check = check_second};
	const struct lb_fake_again again = {.first = &first, .keep = keep_left, .then = &second};
	static const size_t chosen[] = {
		13, 57}; /* larger than the one before it; smaller and larger again */
	uint64_t cuts = 0;

	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
		choose(chosen[i]);
		cuts += lb_fake_power_cuts_again(&power, &again);
	}
	print_message("power cuts in the second attempt: %" PRIu64 "\n", cuts);
	assert_true(cuts > 20000);
}

/* The power stays on: what has failed leaves the same behind as a cut. */
static void upgrade__each_operation_fails__settings_are_there_and_the_next_attempt_has_them(
	void **state)
{
	choose(27);
	assert_true(lb_fake_power_fails(&power, &first) > 20);
}

static void upgrade__record_takes_no_note__nothing_is_changed(void **state)
{
	choose(0);
	lb_fake_power_on(&power);
	power.fault_at = 3; /* a read, another one, the write */
	run_first(NULL);
	assert_true(power.fault_came);
	lb_fake_block_peek(&disk, 0, seen, sizeof(seen));
	assert_memory_equal(seen, first_disk, sizeof(seen));
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(fresh(upgrade__cut_at_every_operation__settings_are_there_and_the_next_attempt_has_them),
      fresh(upgrade__cut_and_the_attempt_from_rescue_cut_as_well__the_third_has_them),
      fresh(upgrade__each_operation_fails__settings_are_there_and_the_next_attempt_has_them),
      fresh(upgrade__record_takes_no_note__nothing_is_changed))
