/* The image of a disk comes beside what its owner has, cut or failing at each operation: the
 * owner's bytes and their place in a table stay, a system is in the table only when it is whole,
 * and a second try ends it. */
#include "tests/t.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "install/disk_beside.h"
#include "install/disk_table.h"
#include "install/install.h"
#include "install/write.h"
#include "plat/fake/block.h"
#include "plat/target_block.h"
#include "tests/gpt.h"

#define SECTOR	      512u
#define IMAGE_SECTORS 480u
#define DISK_SECTORS  640u
#define RECORD_FIRST  300u /* on both; stays */
#define RECORD_LAST   307u
#define ROOT_FIRST    310u
#define ROOT_LAST     440u
#define OWN_FIRST     450u
#define OWN_LAST      600u
#define HEAD	      (34 * SECTOR)
#define TAIL	      (33 * SECTOR)
#define AT(sector)    ((size_t)(sector)*SECTOR)
#define LEN(f, l)     (((size_t)(l) - (f) + 1) * SECTOR)

static struct lb_fake_power power;
static struct lb_fake_block block;
static struct lb_target_block plain;
static struct plat_target under, target;
static struct lb_disk_beside beside;
static struct lb_ptable_merge merge;
static struct lb_ptable of_disk, of_image, seen_table;
static uint8_t image[AT(IMAGE_SECTORS)], old[AT(DISK_SECTORS)], seen[AT(DISK_SECTORS)];
static enum lb_ptable_kind kind;
static unsigned damaged; /* so many bytes from damaged_at on, from before */
static uint64_t damaged_at;
static int rc;
static unsigned noise; /* times that the sector of an MBR held nothing but that */

static void put_part(uint8_t *disk, unsigned number, uint32_t first, uint32_t last, uint8_t mark)
{
	uint8_t *e = disk + (kind == LB_PTABLE_MBR ? 446 + (number - 1) * 16
						   : 2 * SECTOR + (number - 1) * 128);

	if (kind == LB_PTABLE_MBR) {
		e[4] = 0x83;
		put_le(e + 8, first, 4);
		put_le(e + 12, last - first + 1, 4);
		return;
	}
	memset(e, mark, 32);
	put_le(e + 32, first, 8);
	put_le(e + 40, last, 8);
}

static void seal(uint8_t *disk, uint64_t sectors)
{
	put_le(disk + 510, 0xAA55, 2);
	if (kind == LB_PTABLE_MBR)
		return;
	disk[446 + 4] = 0xEE;
	put_le(disk + 446 + 8, 1, 4);
	put_le(disk + 446 + 12, sectors - 1, 4);
	memcpy(disk + AT(sectors) - TAIL, disk + 2 * SECTOR, 32 * SECTOR);
	put_gpt_header(disk + SECTOR, sectors, 1, sectors - 1, 2, disk + 2 * SECTOR, 128);
	put_gpt_header(disk + (sectors - 1) * SECTOR, sectors, sectors - 1, 1, sectors - 33,
		       disk + 2 * SECTOR, 128);
}

static void fill(uint8_t *disk, size_t from, size_t n, uint8_t seed)
{
	for (size_t i = 0; i < n; i++)
		disk[from + i] = (uint8_t)((i * 7 + i / 512) ^ seed);
}

static void make_disks(void)
{
	memset(image, 0, sizeof(image));
	memset(old, 0, sizeof(old));
	fill(image, 0, 440, 0x21);
	fill(image, AT(40), AT(260), 0x22);
	fill(image, AT(RECORD_FIRST), LEN(RECORD_FIRST, RECORD_LAST), 0x23);
	fill(image, AT(ROOT_FIRST), LEN(ROOT_FIRST, ROOT_LAST), 0x24);
	put_part(image, 1, RECORD_FIRST, RECORD_LAST, 0x31);
	put_part(image, 2, ROOT_FIRST, ROOT_LAST, 0x32);
	seal(image, IMAGE_SECTORS);
	fill(old, 0, 440, 0x41);
	fill(old, AT(40), AT(560), 0x42);
	put_part(old, 1, RECORD_FIRST, RECORD_LAST, 0x51);
	put_part(old, 2, ROOT_FIRST, ROOT_LAST, 0x52);
	put_part(old, 3, OWN_FIRST, OWN_LAST, 0x53);
	seal(old, DISK_SECTORS);
}

static int fake_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	static const uint8_t zeroes[AT(DISK_SECTORS)];

	return plain.dev.write(ctx, off_bytes, zeroes, (size_t)n);
}

static void setup(void *ctx)
{
	static const uint8_t noughts[34 * SECTOR];

	lb_fake_power_on(&power);
	lb_fake_block_poke(&block, 0, old, sizeof(old));
	lb_fake_block_poke(&block, damaged_at, noughts, damaged);
}

static int keep(void)
{
	unsigned number = 0;
	bool from_backup;
	int done = lb_disk_table_find(&of_disk, &plain.dev, SECTOR, &from_backup);

	if (done == 0)
		done = lb_ptable_merge(&merge, &of_disk, &of_image, DISK_SECTORS, 1, &number);
	return done < 0 ? done : lb_disk_beside_keep(&beside, &merge, from_backup);
}

static int put_all(struct lb_write *w)
{
	uint8_t sha256[LB_SHA256_SIZE] = {0};
	struct lb_sha256 hash;
	int done = lb_write_begin(w, sizeof(image));
	uint8_t *room = done < 0 ? NULL : lb_write_room(w);

	if (room) {
		memcpy(room, image, sizeof(image));
		target.mask(target.ctx, 0, room, sizeof(image));
		lb_sha256_begin(&hash);
		lb_sha256_feed(&hash, room, sizeof(image));
		lb_sha256_end(&hash, sha256);
		lb_write_put(w, sizeof(image));
	}
	if (done == 0)
		done = lb_write_end(w, true);
	if (done == 0)
		done = lb_write_check(w, sha256, NULL, NULL);
	return done < 0 ? done : lb_write_commit(w);
}

static void run(void *ctx)
{
	struct lb_write w = {0};

	target = lb_disk_beside_plat(&beside, &under, &plain.dev);
	rc = keep();
	if (rc == 0)
		rc = lb_write_open(&w, &target);
	if (rc < 0)
		return;
	rc = put_all(&w);
	lb_write_closep(&w);
}

static bool find_table(void)
{
	if (lb_ptable_parse(&seen_table, seen, HEAD, SECTOR) == 0 && seen_table.kind == kind)
		return true;
	return kind == LB_PTABLE_GPT &&
	       lb_ptable_parse_backup(&seen_table, seen + sizeof(seen) - TAIL, TAIL, SECTOR,
				      DISK_SECTORS) == 0;
}

static const struct lb_part *part(unsigned number)
{
	for (size_t i = 0; i < seen_table.count; i++)
		if (seen_table.part[i].number == number)
			return &seen_table.part[i];
	return NULL;
}

static bool is_at(unsigned number, uint64_t first, uint64_t last)
{
	const struct lb_part *p = part(number);

	return p && p->first == first && p->last == last;
}

static bool holds(const uint8_t *what, unsigned first, unsigned last)
{
	return memcmp(seen + AT(first), what + AT(first), LEN(first, last)) == 0;
}

static const char *look(void)
{
	lb_fake_block_peek(&block, 0, seen, sizeof(seen));
	if (!holds(old, OWN_FIRST, OWN_LAST) || !holds(old, RECORD_FIRST, RECORD_LAST))
		return "what stays was touched";
	if (!find_table())
		return "no copy of the table is whole";
	if (!is_at(3, OWN_FIRST, OWN_LAST) || !is_at(1, RECORD_FIRST, RECORD_LAST))
		return "the table does not know where the owner's are";
	if (part(2) && !holds(image, ROOT_FIRST, ROOT_LAST) && !holds(old, ROOT_FIRST, ROOT_LAST))
		return "the table has a system that is not whole";
	return NULL;
}

static const char *look_at_new(void)
{
	if (look())
		return look();
	if (!is_at(2, ROOT_FIRST, ROOT_LAST) || !holds(image, ROOT_FIRST, ROOT_LAST) ||
	    !holds(image, 40, RECORD_FIRST - 1) || memcmp(seen, image, 440) != 0)
		return "it is not the image";
	if (kind == LB_PTABLE_GPT &&
	    (seen_table.backup_at != DISK_SECTORS - 1 || part(2)->entry[0] != 0x32 ||
	     lb_ptable_parse_backup(&seen_table, seen + sizeof(seen) - TAIL, TAIL, SECTOR,
				    DISK_SECTORS) < 0 ||
	     seen_table.count != 3))
		return "its table is not at both ends";
	return NULL;
}

static const char *check(void *ctx)
{
	const char *wrong = look();

	/* An MBR is there once: a medium that leaves noise of its sector leaves no table. */
	if (kind == LB_PTABLE_MBR && holds(old, OWN_FIRST, OWN_LAST) &&
	    lb_ptable_parse(&seen_table, seen, HEAD, SECTOR) == LB_E(NOENT)) {
		noise++;
		return NULL;
	}
	if (wrong)
		return wrong;
	run(ctx);
	return rc < 0 ? "a second try fails" : look_at_new();
}

static const char *check_failed(void *ctx)
{
	if (rc == 0)
		return "it says that it went well";
	return look();
}

static const struct lb_fake_scenario cuts = {.setup = setup, .run = run, .check = check};
static const struct lb_fake_scenario fails = {.setup = setup, .run = run, .check = check_failed};

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	damaged = 0;
	lb_fake_block_init(&block, &power, sizeof(seen));
	plain = (struct lb_target_block){
		.dev = lb_fake_block_plat(&block), .zero = fake_zero, .sector_bytes = SECTOR};
	under = lb_target_block_plat(&plain);
	make_disks();
	return lb_ptable_parse(&of_image, image, HEAD, SECTOR);
}

static int start_gpt(void **state)
{
	kind = LB_PTABLE_GPT;
	return start(state);
}

static int start_mbr(void **state)
{
	kind = LB_PTABLE_MBR;
	return start(state);
}

static int stop(void **state)
{
	lb_fake_block_release(&block);
	return 0;
}

static void beside__new_image__around_what_stays(void **state)
{
	setup(NULL);
	run(NULL);
	assert_int_equal(rc, 0);
	assert_null(look_at_new());
	/* the image's own backup would stand in the middle of the disk */
	assert_true(holds(old, ROOT_LAST + 1, OWN_FIRST - 1));
}

static void beside__power_cut_at_every_operation__owner_s_stay_and_no_half_system(void **state)
{
	noise = 0;
	assert_true(lb_fake_power_cuts(&power, &cuts) > 100);
	assert_int_equal(noise > 0, kind == LB_PTABLE_MBR);
	assert_true(noise < 40); /* two writes of it, the seeds of power.c */
}

static void beside__every_operation_fails_once__it_says_so(void **state)
{
	assert_true(lb_fake_power_fails(&power, &fails) > 10);
}

static void the_backup_tells_what_stays(uint64_t at, unsigned n)
{
	damaged_at = at;
	damaged = n;
	assert_true(lb_fake_power_cuts(&power, &cuts) > 100);
	assert_true(lb_fake_power_fails(&power, &fails) > 10);
}

static void beside__start_of_the_disk_is_damaged__its_backup_tells_what_stays(void **state)
{
	the_backup_tells_what_stays(SECTOR + 20, 1);
}

static void beside__start_of_the_disk_is_lost__its_backup_tells_what_stays(void **state)
{
	the_backup_tells_what_stays(0, 34 * SECTOR);
}

static int keep_what_it_says(void *ctx, const uint8_t *head, size_t n)
{
	int done = lb_disk_table_of_head(&of_image, head, n, SECTOR);

	return done < 0 ? done : keep();
}

static int say_no(void *ctx)
{
	return LB_E(STATE);
}

/* Through a pipe, of which only the start is in memory before. */
static int install_stream(struct lb_install_report *report, int (*accept)(void *ctx))
{
	static struct lb_verified verified;
	static struct lb_board board;
	struct lb_install_ask ask = {.image = {.image = "-", .board = &board},
				     .verified = &verified,
				     .target = &target,
				     .force = true,
				     .spool_max_bytes = HEAD + 1,
				     .peek = keep_what_it_says,
				     .accept = accept};
	int ends[2], done;

	setup(NULL);
	target = lb_disk_beside_plat(&beside, &under, &plain.dev);
	memset(&of_image, 0, sizeof(of_image));
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 2 * sizeof(image)) >= (int)sizeof(image));
	assert_int_equal(write(ends[1], image, sizeof(image)), sizeof(image));
	(void)close(ends[1]);
	ask.image.fd = ends[0];
	done = lb_install_run(report, &ask);
	(void)close(ends[0]);
	return done;
}

static void beside__image_that_streams__is_looked_at_before_anything_changes(void **state)
{
	struct lb_install_report report;

	assert_int_equal(install_stream(&report, NULL), 0);
	assert_true(report.streamed);
	assert_null(look_at_new());
}

static void beside__stream_that_is_refused_at_its_end__no_system_and_the_owner_s_stay(void **state)
{
	struct lb_install_report report;

	assert_int_equal(install_stream(&report, say_no), LB_E(STATE));
	assert_int_equal(report.end, LB_INSTALL_BROKEN);
	assert_null(look());
	assert_null(part(2));
}

static void beside__file__is_read_twice_and_compared(void **state)
{
	struct lb_install_report report;
	static struct lb_verified verified;
	static struct lb_board board;
	struct lb_install_ask ask = {.image = {.image = "-", .board = &board},
				     .verified = &verified,
				     .target = &target,
				     .force = true};

	setup(NULL);
	target = lb_disk_beside_plat(&beside, &under, &plain.dev);
	assert_int_equal(keep(), 0);
	ask.image.fd = memfd_create("image", 0);
	assert_int_equal(write(ask.image.fd, image, sizeof(image)), sizeof(image));
	assert_int_equal(lseek(ask.image.fd, 0, SEEK_SET), 0);
	assert_int_equal(lb_install_run(&report, &ask), 0);
	(void)close(ask.image.fd);
	assert_null(look_at_new());
}

static void beside__table_of_the_image_far_behind_its_head__is_refused(void **state)
{
	unsigned number;

	target = lb_disk_beside_plat(&beside, &under, &plain.dev);
	assert_int_equal(lb_ptable_parse(&of_disk, old, HEAD, SECTOR), 0);
	assert_int_equal(lb_ptable_merge(&merge, &of_disk, &of_image, DISK_SECTORS, 1, &number), 0);
	assert_int_equal(lb_disk_beside_keep(&beside, &merge, false), 0);
	merge.after.entries_at = LB_TARGET_BLOCK_HEAD_BYTES / SECTOR - 31;
	assert_int_equal(lb_disk_beside_keep(&beside, &merge, false), LB_E(UNSUP));
}

#define on_gpt(f) cmocka_unit_test_setup_teardown(f, start_gpt, stop)
#define on_mbr(f)                                      \
	{                                              \
#f "_on_mbr", f, start_mbr, stop, NULL \
	}

TESTS(on_gpt(beside__new_image__around_what_stays),
      on_gpt(beside__power_cut_at_every_operation__owner_s_stay_and_no_half_system),
      on_gpt(beside__every_operation_fails_once__it_says_so),
      on_gpt(beside__start_of_the_disk_is_damaged__its_backup_tells_what_stays),
      on_gpt(beside__start_of_the_disk_is_lost__its_backup_tells_what_stays),
      on_gpt(beside__image_that_streams__is_looked_at_before_anything_changes),
      on_gpt(beside__stream_that_is_refused_at_its_end__no_system_and_the_owner_s_stay),
      on_gpt(beside__file__is_read_twice_and_compared),
      on_gpt(beside__table_of_the_image_far_behind_its_head__is_refused),
      on_mbr(beside__new_image__around_what_stays),
      on_mbr(beside__power_cut_at_every_operation__owner_s_stay_and_no_half_system),
      on_mbr(beside__every_operation_fails_once__it_says_so))
