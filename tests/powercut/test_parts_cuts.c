/* An archive whose kernel and root go to two places is installed, with the power cut, or an
 * operation failing, at each step: a new root that is whole has its new kernel beside it, and
 * installing once more makes both new. No
 * cut leaves the whole old root beside the new kernel. */
#include "tests/t.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "install/install.h"
#include "plat/fake/block.h"
#include "plat/fake/flash.h"
#include "plat/fake/ubi_spare.h"
#include "plat/target_mtd.h"
#include "plat/target_ubi.h"
#include "tests/unit/image_bytes.h"

#define ERASE_BYTES  4096
#define BLOCKS	     8
#define PLACE_BYTES  ((size_t)BLOCKS * ERASE_BYTES)
#define ROOT_BYTES   (5 * ERASE_BYTES + 700)
#define KERNEL_BYTES (2 * ERASE_BYTES + 300)
#define BAD_BLOCK    1
#define SECTOR	     LB_FAKE_SECTOR_BYTES

static struct lb_fake_power power;
static struct lb_fake_block journal;
static struct lb_fake_flash flash;
static struct lb_fake_ubi ubi, kernel_ubi, second;
static struct lb_fake_ubi_spare spare; /* of the kernel's volume */
static struct lb_target_mtd target_mtd;
static struct lb_target_ubi target_ubi, kernel_target_ubi;
static struct plat_target root_target, kernel_target;
static struct plat_block journal_dev;

static struct lb_board board;
static struct lb_verified verified;
static struct lb_install_report report;
static uint8_t root[ROOT_BYTES], kernel[KERNEL_BYTES], old[PLACE_BYTES];
static uint8_t archive[2 * PLACE_BYTES];
static size_t archive_len;
static bool on_ubi;  /* the kernel: in a volume too, with room for another one beside it */
static bool nowhere; /* nobody says where a kernel goes */

/* --- the archive */

static void add_member(const char *name, const void *data, size_t n)
{
	put_tar_header(archive + archive_len, name, n, '0');
	memcpy(archive + archive_len + 512, data, n);
	archive_len += 512 + (n + 511) / 512 * 512;
}

static void begin_archive(void)
{
	memset(archive, 0, sizeof(archive));
	archive_len = 0;
	add_member("sysupgrade-acme/CONTROL", "BOARD=acme\n", 11);
}

/* As OpenWrt makes them: the kernel in front. */
static void make_archive(void)
{
	begin_archive();
	add_member("sysupgrade-acme/kernel", kernel, sizeof(kernel));
	add_member("sysupgrade-acme/root", root, sizeof(root));
	archive_len += 1024;
}

/* --- the places */

/* A root that goes along with a kernel is written in place. */
static void open_places(void)
{
	const struct plat_mtd m = lb_fake_flash_plat(&flash);
	const struct plat_ubi u = lb_fake_ubi_plat(&ubi);
	const struct plat_ubi k = lb_fake_ubi_plat(lb_fake_ubi_named(&spare));
	const struct plat_ubi_spare beside = lb_fake_ubi_spare_plat(&spare);

	assert_int_equal(lb_target_ubi_init(&target_ubi, &u, NULL, true, &root_target), 0);
	if (on_ubi)
		assert_int_equal(
			lb_target_ubi_init(&kernel_target_ubi, &k, &beside, false, &kernel_target),
			0);
	else
		assert_int_equal(lb_target_mtd_init(&target_mtd, &m, &kernel_target), 0);
}

static void setup(void *ctx)
{
	const uint8_t none[SECTOR] = {0};

	lb_fake_block_poke(&journal, 0, none, sizeof(none));
	memset(flash.bad, 0, sizeof(flash.bad));
	flash.knows_bad = flash.bad[BAD_BLOCK] = true;
	spare.state = (struct lb_fake_ubi_spare_state){.named = 0};
	for (uint32_t b = 0; b < BLOCKS; b++) {
		lb_fake_ubi_poke(&ubi, b, old + b * ERASE_BYTES, ERASE_BYTES);
		lb_fake_ubi_poke(&kernel_ubi, b, old + b * ERASE_BYTES, ERASE_BYTES);
		if (b != BAD_BLOCK)
			lb_fake_flash_poke(&flash, b, 0, old + b * ERASE_BYTES, ERASE_BYTES);
	}
	ubi.state.updating = kernel_ubi.state.updating = false;
	open_places();
}

static bool root_is(const uint8_t *wanted, size_t n)
{
	return !ubi.state.updating && memcmp(ubi.bytes, wanted, n) == 0;
}

static bool kernel_volume_is(const uint8_t *wanted, size_t n)
{
	const struct lb_fake_ubi *u = lb_fake_ubi_named(&spare);

	return !u->state.updating && memcmp(u->bytes, wanted, n) == 0;
}

/* In the blocks that are not bad, as a boot loader reads them. */
static bool kernel_is(const uint8_t *wanted, size_t n)
{
	size_t at = 0;

	if (on_ubi)
		return kernel_volume_is(wanted, n);
	for (uint32_t b = 0; b < BLOCKS && at < n; b++) {
		const size_t use = n - at < ERASE_BYTES ? n - at : ERASE_BYTES;

		if (flash.bad[b])
			continue;
		if (memcmp(lb_fake_flash_block(&flash, b), wanted + at, use) != 0)
			return false;
		at += use;
	}
	return at == n;
}

/* --- the scenario */

static int note(uint8_t what)
{
	uint8_t sector[SECTOR] = {what};
	int rc = journal_dev.write(journal_dev.ctx, 0, sector, sizeof(sector));

	return rc < 0 ? rc : journal_dev.flush(journal_dev.ctx);
}

static int note_begin(void *ctx)
{
	return note('b');
}

static int note_end(void *ctx, const struct lb_install_report *r)
{
	return r->end == LB_INSTALL_DONE ? note('d') : 0;
}

static int install(void)
{
	const int fd = memfd_create("archive", 0);
	const struct lb_install_ask ask = {.image = {.image = "-", .fd = fd, .board = &board},
					   .verified = &verified,
					   .target = &root_target,
					   .kernel = nowhere ? NULL : &kernel_target,
					   .running = true,
					   .force = true, /* no board is called acme */
					   .begin = note_begin,
					   .end = note_end};
	int rc;

	assert_int_equal(write(fd, archive, archive_len), archive_len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	rc = lb_install_run(&report, &ask);
	lb_target_ubi_end(&target_ubi);
	if (on_ubi)
		lb_target_ubi_end(&kernel_target_ubi);
	(void)close(fd);
	return rc;
}

static void run(void *ctx)
{
	(void)install();
}

static bool is_old(void)
{
	return root_is(old, PLACE_BYTES) && kernel_is(old, ERASE_BYTES);
}

static const char *check(void *ctx)
{
	uint8_t sector[SECTOR];

	lb_fake_block_peek(&journal, 0, sector, sizeof(sector));
	if (sector[0] == 0 && !is_old())
		return "it was changed, and the record does not know";
	if (root_is(root, sizeof(root)) && !kernel_is(kernel, sizeof(kernel)))
		return "the new root is whole, and the kernel is not";
	if (kernel_is(kernel, sizeof(kernel)) && root_is(old, PLACE_BYTES))
		return "the old root is whole, and the kernel is the new one";
	if (sector[0] == 'd' && !(root_is(root, sizeof(root)) && kernel_is(kernel, sizeof(kernel))))
		return "the record says that it is whole, and it is not";
	open_places(); /* what is bad, and which volume has the name, is known anew at each start */
	if (install() < 0)
		return "installing once more does not work";
	return root_is(root, sizeof(root)) && kernel_is(kernel, sizeof(kernel))
		       ? NULL
		       : "installing once more does not make both whole";
}

static const char *check_failed(void *ctx)
{
	if (report.end == LB_INSTALL_DONE && !root_is(root, sizeof(root)))
		return "it says that it is done, and the root is not there";
	if (report.end == LB_INSTALL_UNTOUCHED && !is_old())
		return "it says that nothing was changed";
	return check(ctx);
}

static void play(const char *title)
{
	const struct lb_fake_scenario s = {.setup = setup, .run = run, .check = check};
	const struct lb_fake_scenario f = {.setup = setup, .run = run, .check = check_failed};
	uint64_t cuts, fails;

	make_archive();
	lb_fake_power_on(&power);
	setup(NULL);
	if (install() < 0)
		fail_msg("%s", report.why);
	assert_true(root_is(root, sizeof(root)));
	assert_true(kernel_is(kernel, sizeof(kernel)));
	assert_int_equal(report.bytes, sizeof(root) + sizeof(kernel));
	assert_int_equal(report.bad_bytes, on_ubi ? 0 : ERASE_BYTES);
	cuts = lb_fake_power_cuts(&power, &s);
	fails = lb_fake_power_fails(&power, &f);
	(void)printf("%s: cut %" PRIu64 " times, failed at %" PRIu64 " operations\n", title, cuts,
		     fails);
}

static void archive__cut_anywhere__new_root_has_its_kernel(void **state)
{
	play("kernel on NAND, root in a UBI volume");
	on_ubi = true;
	play("both in UBI volumes, the kernel's with room for a second one");
	on_ubi = false;
}

static void assert_refused(enum lb_install_why why)
{
	lb_fake_power_on(&power);
	setup(NULL);
	assert_int_equal(install(), LB_E(STATE));
	if (report.cause != why)
		fail_msg("%s", report.why);
	assert_int_equal(report.end, LB_INSTALL_REFUSED);
	assert_true(is_old());
}

static void archive__members_that_cannot_be_placed__nothing_is_changed(void **state)
{
	begin_archive();
	add_member("sysupgrade-acme/kernel", kernel, 512);
	add_member("sysupgrade-acme/root", root, 512);
	archive_len += 1024;
	nowhere = true;
	assert_refused(LB_INSTALL_WHY_KERNEL);
	nowhere = false;
	begin_archive();
	add_member("sysupgrade-acme/kernel", kernel, sizeof(kernel));
	archive_len += 1024;
	assert_refused(LB_INSTALL_WHY_MEMBERS);
	begin_archive();
	for (int i = 0; i < 2; i++)
		add_member("sysupgrade-acme/root", root, sizeof(root));
	archive_len += 1024;
	assert_refused(LB_INSTALL_WHY_MEMBERS);
	begin_archive();
	add_member("sysupgrade-acme/kernel", old, PLACE_BYTES); /* one block is bad */
	add_member("sysupgrade-acme/root", root, 512);
	archive_len += 1024;
	assert_refused(LB_INSTALL_WHY_TOO_LARGE);
}

static void archive__root_alone__leaves_the_kernel(void **state)
{
	begin_archive();
	add_member("sysupgrade-acme/root", root, sizeof(root));
	archive_len += 1024;
	lb_fake_power_on(&power);
	setup(NULL);
	assert_int_equal(install(), 0);
	assert_true(root_is(root, sizeof(root)));
	assert_memory_equal(lb_fake_flash_block(&flash, 0), old, ERASE_BYTES);
}

static int open_world(void **state)
{
	lb_board_defaults(&board);
	for (size_t i = 0; i < sizeof(old); i++)
		old[i] = (uint8_t)(i * 13 + (i >> 8) + 1);
	for (size_t i = 0; i < sizeof(root); i++)
		root[i] = (uint8_t)(i * 7 + (i >> 9) + 3);
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 11 + (i >> 7) + 5);
	lb_fake_block_init(&journal, &power, SECTOR);
	journal_dev = lb_fake_block_plat(&journal);
	lb_fake_flash_init(&flash, &power, BLOCKS, ERASE_BYTES, 512);
	lb_fake_ubi_init(&ubi, &power, BLOCKS, ERASE_BYTES);
	lb_fake_ubi_init(&kernel_ubi, &power, BLOCKS, ERASE_BYTES);
	lb_fake_ubi_init(&second, &power, BLOCKS, ERASE_BYTES);
	lb_fake_ubi_spare_init(&spare, &power, &kernel_ubi, &second);
	return 0;
}

static int close_world(void **state)
{
	lb_fake_ubi_release(&second);
	lb_fake_ubi_release(&kernel_ubi);
	lb_fake_ubi_release(&ubi);
	lb_fake_flash_release(&flash);
	lb_fake_block_release(&journal);
	return 0;
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(archive__cut_anywhere__new_root_has_its_kernel),
		unit(archive__members_that_cannot_be_placed__nothing_is_changed),
		unit(archive__root_alone__leaves_the_kernel),
	};

	return cmocka_run_group_tests(all, open_world, close_world);
}
