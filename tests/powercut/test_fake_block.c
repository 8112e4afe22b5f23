/* The fake must be stricter than hardware: code that forgets a flush has to fail on it. */
#include "tests/t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/fake/block.h"

#define SECTOR	LB_FAKE_SECTOR_BYTES
#define SECTORS 8

static struct lb_fake_power power;
static struct lb_fake_block fake;
static struct plat_block dev;
static uint8_t buf[SECTORS * SECTOR];

static int start(void **state)
{
	power = (struct lb_fake_power){0};
	lb_fake_block_init(&fake, &power, SECTORS * SECTOR);
	dev = lb_fake_block_plat(&fake);
	return 0;
}

static int stop(void **state)
{
	lb_fake_block_release(&fake);
	return 0;
}

/* Fill whole sectors with one byte. */
static int write_sectors(unsigned first, unsigned count, uint8_t value)
{
	memset(buf, value, sizeof(buf));
	return dev.write(dev.ctx, first * SECTOR, buf, count * SECTOR);
}

/* The first byte of each sector on the medium; '?' when the sector is not of one byte. */
static const char *medium(void)
{
	static char text[SECTORS + 1];

	lb_fake_block_peek(&fake, 0, buf, sizeof(buf));
	for (unsigned i = 0; i < SECTORS; i++) {
		const uint8_t *s = buf + i * SECTOR;

		text[i] = s[0] ? (char)s[0] : '.';
		for (unsigned k = 1; k < SECTOR; k++)
			if (s[k] != s[0])
				text[i] = '?';
	}
	return text;
}

static void cut_with(enum lb_fake_policy policy, uint64_t arg)
{
	power.fate = (struct lb_fake_fate){.policy = policy, .arg = arg};
	lb_fake_power_go_off(&power);
	lb_fake_power_on(&power);
}

static void write__without_flush__is_seen_but_not_stored(void **state)
{
	assert_int_equal(write_sectors(1, 2, 'a'), 0);
	assert_int_equal(dev.read(dev.ctx, SECTOR, buf, SECTOR), 0);
	assert_int_equal(buf[0], 'a');
	assert_string_equal(medium(), "........");
	cut_with(LB_FAKE_LOST, 0);
	assert_string_equal(medium(), "........");
	assert_int_equal(dev.read(dev.ctx, SECTOR, buf, SECTOR), 0);
	assert_int_equal(buf[0], 0);
}

static void write__flushed__survives_every_fate(void **state)
{
	assert_int_equal(write_sectors(1, 2, 'a'), 0);
	assert_int_equal(dev.flush(dev.ctx), 0);
	for (uint64_t seed = 0; seed < 20; seed++) {
		cut_with(LB_FAKE_LOST, 0);
		cut_with(LB_FAKE_SCRAMBLED, seed);
		assert_string_equal(medium(), ".aa.....");
	}
}

static void cut__fates__leave_what_they_say(void **state)
{
	static const struct {
		enum lb_fake_policy policy;
		uint64_t arg;
		const char *left;
	} fates[] = {
		{LB_FAKE_KEPT, 0, "aabbbb.."},	    {LB_FAKE_LOST, 0, "........"},
		{LB_FAKE_TORN_HEAD, 0, "aaa....."}, {LB_FAKE_TORN_HEAD, 3, "aabbb..."},
		{LB_FAKE_TORN_TAIL, 1, "...bbb.."}, {LB_FAKE_TORN_TAIL, 3, ".....b.."},
	};

	for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		memset(buf, 0, sizeof(buf));
		lb_fake_block_poke(&fake, 0, buf, sizeof(buf));
		lb_fake_power_on(&power);
		power.fate = (struct lb_fake_fate){fates[i].policy, fates[i].arg};
		power.fault_at = 2;
		power.fault_cuts = true;
		assert_int_equal(write_sectors(0, 3, 'a'), 0);
		assert_int_equal(write_sectors(2, 4, 'b'), LB_E(IO));
		assert_true(power.off);
		assert_int_equal(power.at_stake, 7);
		assert_int_equal(power.under_way, 4);
		assert_int_equal(dev.flush(dev.ctx), LB_E(IO));
		assert_string_equal(medium(), fates[i].left);
	}
}

static void cut__seeds__give_different_orders_and_the_same_again(void **state)
{
	char first[SECTORS + 1];
	unsigned different = 0, torn = 0;

	for (uint64_t seed = 0; seed < 16; seed++) {
		for (int again = 0; again < 2; again++) {
			memset(buf, 0, sizeof(buf));
			lb_fake_block_poke(&fake, 0, buf, sizeof(buf));
			assert_int_equal(write_sectors(0, SECTORS, 'a'), 0);
			cut_with(again ? LB_FAKE_SCRAMBLED : LB_FAKE_REORDERED, seed);
			if (!again)
				(void)strcpy(first, medium());
		}
		torn += strchr(medium(), '?') != NULL;
		different += strchr(first, 'a') && strchr(first, '.');
		for (unsigned i = 0; i < SECTORS; i++)
			assert_true(first[i] == medium()[i] || medium()[i] == '?');
	}
	assert_true(different > 12);
	assert_true(torn > 12);
}

static void flush__that_failed__no_later_one_makes_up_for_it(void **state)
{
	power.fault_at = 2;
	assert_int_equal(write_sectors(0, 2, 'a'), 0);
	assert_int_equal(dev.flush(dev.ctx), LB_E(IO));
	assert_int_equal(write_sectors(1, 2, 'b'), 0);
	assert_int_equal(dev.flush(dev.ctx), 0);
	assert_string_equal(medium(), ".bb.....");
	cut_with(LB_FAKE_KEPT, 0);
	assert_string_equal(medium(), "abb....."); /* what is newer stays */
}

static void write__that_failed__leaves_half_of_it(void **state)
{
	power.fault_at = 1;
	assert_int_equal(write_sectors(0, 4, 'a'), LB_E(IO));
	cut_with(LB_FAKE_KEPT, 0);
	assert_string_equal(medium(), "aa......");
}

static void read__that_failed__gives_no_bytes(void **state)
{
	memset(buf, 'x', sizeof(buf));
	power.fault_at = 1;
	assert_int_equal(dev.read(dev.ctx, 0, buf, SECTOR), LB_E(IO));
	assert_int_equal(buf[0], 0xEE);
}

static void assert_aborts(void (*f)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)freopen("/dev/null", "w", stderr);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void read_beyond(void)
{
	(void)dev.read(dev.ctx, sizeof(buf) - 1, buf, 2);
}

static void write_far_beyond(void)
{
	(void)dev.write(dev.ctx, UINT64_MAX, buf, 2);
}

static void spin_without_power(void)
{
	lb_fake_power_go_off(&power);
	while (dev.flush(dev.ctx) < 0)
		;
}

static void fake__access_beyond_the_end_or_endless_loop__aborts(void **state)
{
	assert_aborts(read_beyond);
	assert_aborts(write_far_beyond);
	assert_aborts(spin_without_power);
}

/* Two sectors that must never differ, written by someone who trusts the order of writes. */
static void put_nothing(void *ctx)
{
	memset(buf, 0, sizeof(buf));
	lb_fake_block_poke(&fake, 0, buf, sizeof(buf));
}

static void write_in_place(void *ctx)
{
	(void)write_sectors(0, 2, 'a');
	(void)dev.flush(dev.ctx);
}

static const char *check_equal(void *ctx)
{
	(void)medium();
	return buf[0] == buf[SECTOR] ? NULL : "torn";
}

static void write_then_say_done(void *ctx)
{
	*(int *)ctx = write_sectors(0, 1, 'a');
}

static void put_nothing_and_forget(void *ctx)
{
	put_nothing(ctx);
	*(int *)ctx = -1;
}

static const char *check_done(void *ctx)
{
	if (dev.read(dev.ctx, 0, buf, SECTOR) < 0)
		return "cannot be read";
	return *(int *)ctx < 0 || buf[0] == 'a' ? NULL : "said done and was not";
}

static void cut_writer_in_place(void)
{
	const struct lb_fake_scenario s = {
		.setup = put_nothing, .run = write_in_place, .check = check_equal};

	(void)lb_fake_power_cuts(&power, &s);
}

static void cut_writer_without_flush(void)
{
	int rc;
	const struct lb_fake_scenario s = {.ctx = &rc,
					   .setup = put_nothing_and_forget,
					   .run = write_then_say_done,
					   .check = check_done};

	(void)lb_fake_power_cuts(&power, &s);
}

static void cuts__careless_writers__are_caught(void **state)
{
	assert_aborts(cut_writer_in_place);
	assert_aborts(cut_writer_without_flush);
}

#define on_fake(f) cmocka_unit_test_setup_teardown(f, start, stop)

TESTS(on_fake(write__without_flush__is_seen_but_not_stored),
      on_fake(write__flushed__survives_every_fate), on_fake(cut__fates__leave_what_they_say),
      on_fake(cut__seeds__give_different_orders_and_the_same_again),
      on_fake(flush__that_failed__no_later_one_makes_up_for_it),
      on_fake(write__that_failed__leaves_half_of_it), on_fake(read__that_failed__gives_no_bytes),
      on_fake(fake__access_beyond_the_end_or_endless_loop__aborts),
      on_fake(cuts__careless_writers__are_caught))
