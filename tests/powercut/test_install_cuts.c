/* An image is installed on every kind of place, with the power cut, or an operation failing, at
 * each step: the place is as it was, or new, or one can see that it is neither; and installing once
 * more makes it new. */
#include "tests/t.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "install/install.h"
#include "plat/fake/block.h"
#include "plat/fake/flash.h"
#include "plat/fake/ubi_spare.h"
#include "plat/target_block.h"
#include "plat/target_mtd.h"
#include "plat/target_ubi.h"

#define SECTOR	    LB_FAKE_SECTOR_BYTES
#define ERASE_BYTES 4096
#define PLACE_MAX   (256 << 10)

enum kind {
	DISK,
	NOR,
	NAND,
	UBI,
	UBI_SPARE, /* with room for a second volume */
};

static struct lb_fake_power power;
static struct lb_fake_block disk, journal;
static struct lb_fake_flash flash;
static struct lb_fake_ubi ubi, second;
static struct lb_fake_ubi_spare spare;
static struct lb_target_block target_block;
static struct lb_target_mtd target_mtd;
static struct lb_target_ubi target_ubi;
static struct plat_target target;
static struct plat_block journal_dev;

static struct lb_board board;
static struct lb_verified verified;
static struct lb_install_report report;
static enum kind kind;
static bool clear_fails;
static bool keeps_rest; /* an overlay was made behind the root before */
static bool running;	/* was verified before: from a file; else it streams */
static uint8_t image[PLACE_MAX], old[PLACE_MAX], seen[PLACE_MAX];
static size_t image_len, place_len;
static bool worn; /* a block of NAND that shows itself to be bad on the way */

/* --- the places */

static int fake_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	static const uint8_t zeroes[PLACE_MAX];

	return target_block.dev.write(ctx, off_bytes, zeroes, (size_t)n);
}

static void setup_disk(void)
{
	lb_fake_block_poke(&disk, 0, old, place_len);
	target_block.dev = lb_fake_block_plat(&disk);
	target_block.zero = fake_zero;
	target_block.sector_bytes = SECTOR;
	target = lb_target_block_plat(&target_block);
}

static void setup_flash(void)
{
	const struct plat_mtd m = lb_fake_flash_plat(&flash);
	size_t at = 0;

	memset(flash.bad, 0, sizeof(flash.bad));
	memset(flash.worn, 0, sizeof(flash.worn));
	flash.knows_bad = kind == NAND;
	flash.bad[2] = kind == NAND;
	flash.worn[0] = flash.worn[4] = kind == NAND && worn;
	for (uint32_t b = 0; b < flash.block_count; b++) {
		if (flash.bad[b])
			continue;
		lb_fake_flash_poke(&flash, b, 0, old + at, ERASE_BYTES);
		at += ERASE_BYTES;
	}
	assert_int_equal(lb_target_mtd_init(&target_mtd, &m, &target), 0);
}

static void open_ubi(void)
{
	const struct plat_ubi u = lb_fake_ubi_plat(lb_fake_ubi_named(&spare));
	const struct plat_ubi_spare beside = lb_fake_ubi_spare_plat(&spare);

	spare.no_room = kind != UBI_SPARE;
	assert_int_equal(lb_target_ubi_init(&target_ubi, &u, &beside, false, &target), 0);
}

static void setup_ubi(void)
{
	spare.state = (struct lb_fake_ubi_spare_state){.named = 0};
	for (uint32_t b = 0; b < ubi.block_count; b++)
		lb_fake_ubi_poke(&ubi, b, old + (size_t)b * ERASE_BYTES, ERASE_BYTES);
	ubi.state.updating = false;
	open_ubi();
}

/* What a boot would find, bad blocks left out. */
static void look(void)
{
	memset(seen, 0xFF, sizeof(seen));
	if (kind == DISK) {
		lb_fake_block_peek(&disk, 0, seen, place_len);
	} else if (kind == UBI || kind == UBI_SPARE) {
		const struct lb_fake_ubi *u = lb_fake_ubi_named(&spare);

		for (uint32_t b = 0; b < u->block_count; b++)
			memcpy(seen + (size_t)b * ERASE_BYTES, u->bytes + (size_t)b * ERASE_BYTES,
			       ERASE_BYTES);
		if (u->state.updating)
			memset(seen, 0xFF, sizeof(seen)); /* UBI lets nobody read it */
	} else {
		size_t at = 0;

		for (uint32_t b = 0; b < flash.block_count; b++) {
			if (flash.bad[b])
				continue;
			memcpy(seen + at, lb_fake_flash_block(&flash, b), ERASE_BYTES);
			at += ERASE_BYTES;
		}
	}
}

/* --- the journal, a sector which begin() and end() write, and the old overlay, a sector too */

static int note(uint64_t off_bytes, uint8_t what)
{
	uint8_t sector[SECTOR] = {what};
	int rc = journal_dev.write(journal_dev.ctx, off_bytes, sector, sizeof(sector));

	return rc < 0 ? rc : journal_dev.flush(journal_dev.ctx);
}

static int note_begin(void *ctx)
{
	return note(0, 'b');
}

static int note_end(void *ctx, const struct lb_install_report *r)
{
	return r->end == LB_INSTALL_DONE ? note(0, 'd') : 0;
}

static int clear_overlay(void *ctx)
{
	return clear_fails ? LB_E(IO) : note(SECTOR, 'c');
}

/* --- the scenario */

static void setup(void *ctx)
{
	const uint8_t none[SECTOR] = {0}, overlay[SECTOR] = {'o'};

	lb_fake_block_poke(&journal, 0, none, sizeof(none));
	lb_fake_block_poke(&journal, SECTOR, overlay, sizeof(overlay));
	if (kind == DISK)
		setup_disk();
	else if (kind == UBI || kind == UBI_SPARE)
		setup_ubi();
	else
		setup_flash();
}

static int put_image(int to)
{
	const ssize_t n = write(to, image, image_len);

	assert_int_equal(n, image_len);
	return to;
}

/* From a file, or from a pipe that nobody has spooled. */
static int open_image(void)
{
	int ends[2];

	if (running) {
		const int fd = put_image(memfd_create("image", 0));

		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		return fd;
	}
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, PLACE_MAX) >= PLACE_MAX);
	(void)close(put_image(ends[1]));
	return ends[0];
}

static int install(void)
{
	const int fd = open_image();
	const struct lb_install_ask ask = {.image = {.image = "-", .fd = fd, .board = &board},
					   .verified = &verified,
					   .target = &target,
					   .running = running,
					   .clear_rest = !keeps_rest,
					   .keep_rest = keeps_rest,
					   .spool_max_bytes = 4096,
					   .begin = note_begin,
					   .clear = clear_overlay,
					   .end = note_end};
	const int rc = lb_install_run(&report, &ask);

	if (kind == UBI_SPARE)
		lb_target_ubi_end(&target_ubi);
	(void)close(fd);
	return rc;
}

static void run(void *ctx)
{
	(void)install();
}

static bool is_all(const uint8_t *wanted, size_t from, size_t to)
{
	return from >= to || memcmp(seen + from, wanted + from, to - from) == 0;
}

/* But for the other places that it is told by. */
static bool is_all_but_marks(const uint8_t *wanted, size_t n)
{
	static const struct {
		size_t from, to;
	} rest[] = {{512, 1024}, {1536, 5120}, {5632, 65536}, {69632, PLACE_MAX}};

	for (size_t i = 0; i < 4; i++)
		if (!is_all(wanted, rest[i].from, rest[i].to < n ? rest[i].to : n))
			return false;
	return true;
}

static bool has_mark(const uint8_t *of, size_t at, size_t n)
{
	return at + SECTOR <= n && memcmp(seen + at, of + at, SECTOR) == 0;
}

/* A file system is told by one sector: where that stands, all else must be of the same image. */
static const char *check_disk(void)
{
	static const size_t marks[] = {0, 1024, 65536};

	for (size_t i = 0; i < 3; i++) {
		if (has_mark(image, marks[i], image_len) && !is_all_but_marks(image, image_len))
			return "the mark of the new image stands over something else";
		if (has_mark(old, marks[i], place_len) && !is_all_but_marks(old, place_len))
			return "the mark of the old image stands over something else";
	}
	return NULL;
}

/* The first bytes tell. Of NAND's head only the first page may be there; an erasure that was cut
 * may have left those of the old one. */
static const char *check_flash(void)
{
	if (is_all(image, 0, 4) && !is_all(image, kind == NAND ? ERASE_BYTES : 4, image_len))
		return "the new head stands over something else";
	if (is_all(old, 0, 4) && !worn && !is_all(old, ERASE_BYTES, place_len))
		return "the old head stands over something else";
	return NULL;
}

/* There is no moment in which the name leads to anything but one of both, whole. */
static const char *check_spare(void)
{
	if (!is_all(image, 0, image_len) && !is_all(old, 0, place_len))
		return "the name leads to something that is neither the old image nor the new one";
	return NULL;
}

static bool has_old_overlay(void)
{
	uint8_t sector[SECTOR];

	lb_fake_block_peek(&journal, SECTOR, sector, sizeof(sector));
	return sector[0] == 'o';
}

static const char *check(void *ctx)
{
	uint8_t sector[SECTOR];
	const char *wrong;

	look();
	if (is_all(image, 0, image_len) && has_old_overlay())
		return "the new image is there, and so is the overlay of the old one";
	lb_fake_block_peek(&journal, 0, sector, sizeof(sector));
	if (sector[0] == 0 && kind != NAND && !is_all(old, 0, place_len))
		return "it was changed, and the record does not know";
	if (sector[0] == 'd' && !is_all(image, 0, image_len))
		return "the record says that it is whole, and it is not";
	wrong = kind == DISK ? check_disk() : kind == UBI_SPARE ? check_spare() : check_flash();
	if (wrong)
		return wrong;
	if (kind == UBI_SPARE)
		open_ubi(); /* which volume has the name is known anew at each start */
	if (kind == NAND || kind == NOR) { /* which blocks are bad is known anew at each start */
		const struct plat_mtd m = lb_fake_flash_plat(&flash);

		if (lb_target_mtd_init(&target_mtd, &m, &target) < 0)
			return "the chip cannot be looked at";
	}
	if (install() < 0)
		return "installing once more does not work";
	look();
	if (spare.state.other)
		return "a second volume is left behind";
	return is_all(image, 0, image_len) ? NULL : "installing once more does not make it whole";
}

static const char *check_failed(void *ctx)
{
	look();
	if (report.end == LB_INSTALL_DONE && !is_all(image, 0, image_len))
		return "it says that it is done, and the image is not there";
	if (report.end == LB_INSTALL_UNTOUCHED && !is_all(old, 0, place_len))
		return "it says that nothing was changed";
	return check(ctx);
}

static void fill(size_t image_bytes, size_t place_bytes, bool zeroes)
{
	image_len = image_bytes;
	place_len = place_bytes;
	for (size_t i = 0; i < sizeof(old); i++)
		old[i] = (uint8_t)(i * 13 + (i >> 8) + 1);
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7 + (i >> 9) + 3);
	old[0] = 0xC3;
	memcpy(image, "hsqs", 4); /* a squashfs, of which only its length is looked at */
	memset(image + 40, 0, 8);
	for (size_t i = 0; i < 4; i++)
		image[40 + i] = (uint8_t)(image_len >> 8 * i);
	if (zeroes)
		memset(image + image_len / 8 * 5, 0, image_len / 4);
}

static uint64_t play(const char *title)
{
	const struct lb_fake_scenario s = {.setup = setup, .run = run, .check = check};
	const struct lb_fake_scenario f = {.setup = setup, .run = run, .check = check_failed};
	uint64_t cuts, fails;

	lb_fake_power_on(&power);
	setup(NULL);
	if (install() < 0) {
		(void)fprintf(stderr, "%s\n", report.why);
		fail();
	}
	look();
	assert_memory_equal(seen, image, image_len);
	assert_int_equal(report.end, LB_INSTALL_DONE);
	cuts = lb_fake_power_cuts(&power, &s);
	fails = lb_fake_power_fails(&power, &f);
	(void)printf("%s: cut %" PRIu64 " times, failed at %" PRIu64 " operations\n", title, cuts,
		     fails);
	return cuts;
}

static void nor__block_that_keeps_something_else__is_found_on_reading_back(void **state)
{
	kind = NOR;
	running = true;
	flash.page_bytes = 1;
	fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, false);
	lb_fake_power_on(&power);
	setup(NULL);
	flash.stuck[3] = true;
	assert_int_equal(install(), LB_E(STATE));
	assert_int_equal(report.end, LB_INSTALL_BROKEN);
	assert_int_equal(report.cause, LB_INSTALL_WHY_READ_BACK);
	look();
	assert_int_equal(seen[0], 0xFF);
	flash.stuck[3] = false;
	flash.stuck[0] = true; /* the head */
	assert_int_equal(install(), LB_E(STATE));
	look();
	assert_int_equal(seen[0], 0xFF);
	flash.stuck[0] = false;
}

static int open_world(void **state)
{
	lb_board_defaults(&board);
	lb_fake_block_init(&disk, &power, PLACE_MAX);
	lb_fake_block_init(&journal, &power, 2 * SECTOR);
	journal_dev = lb_fake_block_plat(&journal);
	lb_fake_flash_init(&flash, &power, 16, ERASE_BYTES, 512);
	lb_fake_ubi_init(&ubi, &power, 16, ERASE_BYTES);
	lb_fake_ubi_init(&second, &power, 16, ERASE_BYTES);
	lb_fake_ubi_spare_init(&spare, &power, &ubi, &second);
	return 0;
}

static int close_world(void **state)
{
	lb_fake_ubi_release(&second);
	lb_fake_ubi_release(&ubi);
	lb_fake_flash_release(&flash);
	lb_fake_block_release(&journal);
	lb_fake_block_release(&disk);
	return 0;
}

static void disk__cut_anywhere__is_old_or_new_or_shows_it(void **state)
{
	kind = DISK;
	fill(LB_TARGET_BLOCK_HEAD_BYTES + 90 * 1024 + 700, PLACE_MAX, false);
	running = true;
	(void)play("disk");
	fill(LB_TARGET_BLOCK_HEAD_BYTES - 700, PLACE_MAX, false);
	(void)play("disk, no more than a head");
}

static void disk_with_zeroes_from_a_pipe__cut_anywhere__is_old_or_new_or_shows_it(void **state)
{
	kind = DISK;
	fill(LB_TARGET_BLOCK_HEAD_BYTES + 90 * 1024 + 700, PLACE_MAX, true);
	running = false;
	(void)play("disk, from a pipe");
}

static void nor__cut_anywhere__is_old_or_new_or_shows_it(void **state)
{
	kind = NOR;
	flash.page_bytes = 1;
	fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, true);
	running = true;
	(void)play("NOR");
	running = false;
	(void)play("NOR, from a pipe");
}

static void nand__cut_anywhere__is_old_or_new_or_shows_it(void **state)
{
	kind = NAND;
	flash.page_bytes = 512;
	fill(9 * ERASE_BYTES + 700, 15 * ERASE_BYTES, false);
	running = true;
	worn = false;
	(void)play("NAND with a bad block");
	worn = true;
	place_len = 14 * ERASE_BYTES;
	(void)play("NAND with blocks that go bad");
	assert_int_equal(report.bad_bytes, 3 * ERASE_BYTES);
}

static void ubi__cut_anywhere__is_old_or_new_or_shows_it(void **state)
{
	kind = UBI;
	fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, false);
	running = true;
	(void)play("UBI");
}

static void ubi_with_room__cut_anywhere__is_old_or_new_and_nothing_else(void **state)
{
	kind = UBI_SPARE;
	fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, false);
	running = true;
	(void)play("UBI with room for a second volume");
	running = false;
	(void)play("UBI with room for a second volume, from a pipe");
}

static void overlay__cannot_be_cleared__new_image_is_not_to_be_found(void **state)
{
	static const enum kind kinds[] = {DISK, NOR, NAND, UBI, UBI_SPARE};

	running = true;
	clear_fails = true;
	for (size_t i = 0; i < 5; i++) {
		kind = kinds[i];
		fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, false);
		lb_fake_power_on(&power);
		setup(NULL);
		assert_int_equal(install(), LB_E(STATE));
		assert_int_equal(report.cause, LB_INSTALL_WHY_OVERLAY);
		look();
		assert_false(is_all(image, 0, image_len));
	}
	clear_fails = false;
}

static void overlay__made_before_behind_the_root__stays_whatever_the_image_has_there(void **state)
{
	const size_t overlay_at = 192 << 10;

	kind = DISK;
	running = keeps_rest = true;
	fill(overlay_at - 3000, PLACE_MAX, false);
	image_len = overlay_at + 8192; /* padding, a marker */
	lb_fake_power_on(&power);
	setup(NULL);
	if (install() < 0)
		fail_msg("%s", report.why);
	look();
	assert_memory_equal(seen, image, overlay_at);
	assert_memory_equal(seen + overlay_at, old + overlay_at, PLACE_MAX - overlay_at);
	assert_int_equal(report.bytes, overlay_at);
	keeps_rest = false;
}

static void ubi_with_room__old_volume_in_use__stays_and_the_new_one_goes(void **state)
{
	kind = UBI_SPARE;
	fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, false);
	running = true;
	lb_fake_power_on(&power);
	setup(NULL);
	ubi.mounted = true;
	assert_int_equal(install(), LB_E(STATE));
	look();
	assert_memory_equal(seen, old, place_len);
	assert_false(spare.state.other);
	ubi.mounted = false;
}

static void ubi__in_place_beside_what_a_cut_left__that_goes(void **state)
{
	const bool in_place[] = {true, false}; /* wanted, or for want of room */
	const struct plat_ubi_spare beside = lb_fake_ubi_spare_plat(&spare);
	const struct plat_ubi u = lb_fake_ubi_plat(&ubi);

	kind = UBI;
	fill(9 * ERASE_BYTES + 700, 16 * ERASE_BYTES, false);
	for (size_t i = 0; i < sizeof(in_place) / sizeof(in_place[0]); i++) {
		lb_fake_power_on(&power);
		setup(NULL);
		spare.no_room = !in_place[i];
		spare.state.other = true;
		assert_int_equal(lb_target_ubi_init(&target_ubi, &u, &beside, in_place[i], &target),
				 0);
		assert_int_equal(install(), 0);
		assert_false(spare.state.other);
		look();
		assert_true(is_all(image, 0, image_len));
	}
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(disk__cut_anywhere__is_old_or_new_or_shows_it),
		unit(disk_with_zeroes_from_a_pipe__cut_anywhere__is_old_or_new_or_shows_it),
		unit(nor__cut_anywhere__is_old_or_new_or_shows_it),
		unit(nand__cut_anywhere__is_old_or_new_or_shows_it),
		unit(nor__block_that_keeps_something_else__is_found_on_reading_back),
		unit(ubi__cut_anywhere__is_old_or_new_or_shows_it),
		unit(ubi_with_room__cut_anywhere__is_old_or_new_and_nothing_else),
		unit(overlay__cannot_be_cleared__new_image_is_not_to_be_found),
		unit(overlay__made_before_behind_the_root__stays_whatever_the_image_has_there),
		unit(ubi_with_room__old_volume_in_use__stays_and_the_new_one_goes),
		unit(ubi__in_place_beside_what_a_cut_left__that_goes),
	};

	return cmocka_run_group_tests(all, open_world, close_world);
}
