/* The fake is only worth something as long as it refuses what hardware would let pass. */
#include "tests/t.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/fake/plat.h"

#define NOW 5000u

static struct lb_fake_plat fake;
static struct plat p;
static struct plat_event ev;

static int start(void **state)
{
	lb_fake_plat_init(&fake, NOW);
	p = lb_fake_plat(&fake);
	return 0;
}

/* Does it abort? */
static bool dies(void (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY);

		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(nowhere, STDERR_FILENO);
		deed();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void wait_until_now(void)
{
	p.wait(p.ctx, NOW, &ev);
}

static void wait_twice_for_the_same(void)
{
	p.wait(p.ctx, NOW + 10, &ev);
	p.wait(p.ctx, NOW + 10, &ev);
}

static void wait_for_ever(void)
{
	p.wait(p.ctx, UINT64_MAX, &ev);
}

static void wait_on_and_on(void)
{
	for (uint64_t t = NOW;; t += 60000)
		p.wait(p.ctx, t + 60000, &ev);
}

static void turn_the_clock_back(void)
{
	fake.now_ms--;
	(void)p.now_ms(p.ctx);
}

static void script_backwards(void)
{
	lb_fake_button(&fake, 100, 0, true);
	lb_fake_button(&fake, 99, 0, false);
}

static void know_the_future(void)
{
	const struct plat_event later = {.kind = PLAT_EV_BUTTON, .at_ms = 100};

	lb_fake_event(&fake, 99, &later);
}

static void light_what_is_not_there(void)
{
	p.led(p.ctx, LB_ROLE_COUNT, true);
}

static void say_two_lines(void)
{
	p.say(p.ctx, "one\ntwo");
}

static void wait_for_a_moment(void)
{
	p.wait(p.ctx, NOW + 1, &ev);
}

static void fake__what_hardware_would_forgive__aborts(void **state)
{
	assert_true(dies(wait_until_now));
	assert_true(dies(wait_twice_for_the_same));
	assert_true(dies(wait_for_ever));
	assert_true(dies(wait_on_and_on));
	assert_true(dies(turn_the_clock_back));
	assert_true(dies(script_backwards));
	assert_true(dies(know_the_future));
	assert_true(dies(light_what_is_not_there));
	assert_true(dies(say_two_lines));
	assert_false(dies(wait_for_a_moment));
}

static void wait__event_before_its_end__is_given_at_its_time(void **state)
{
	lb_fake_line(&fake, 30, "x");
	p.wait(p.ctx, NOW + 20, &ev);
	assert_int_equal(ev.kind, PLAT_EV_TIMEOUT);
	assert_int_equal(ev.at_ms, NOW + 20);
	p.wait(p.ctx, UINT64_MAX, &ev);
	assert_int_equal(ev.kind, PLAT_EV_LINE);
	assert_string_equal(ev.text, "x");
	assert_int_equal(p.now_ms(p.ctx), NOW + 30);
}

static void wait__event_known_late__keeps_its_own_time(void **state)
{
	const struct plat_event press = {.kind = PLAT_EV_BUTTON, .at_ms = 10, .down = true};

	lb_fake_event(&fake, 500, &press);
	p.wait(p.ctx, NOW + 1000, &ev);
	assert_int_equal(ev.at_ms, NOW + 10);
	assert_int_equal(p.now_ms(p.ctx), NOW + 500);
	p.wait(p.ctx, NOW + 40, &ev); /* over already, which the caller could not know */
	assert_int_equal(ev.kind, PLAT_EV_TIMEOUT);
	assert_int_equal(p.now_ms(p.ctx), NOW + 500);
}

static void led__same_level_again__is_no_edge(void **state)
{
	p.led(p.ctx, LB_ROLE_BOOT, false);
	p.led(p.ctx, LB_ROLE_BOOT, true);
	p.led(p.ctx, LB_ROLE_BOOT, true);
	assert_int_equal(fake.edge_count, 1);
	assert_string_equal(fake.trace, "0 led boot on\n");
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(fake__what_hardware_would_forgive__aborts),
      fresh(wait__event_before_its_end__is_given_at_its_time),
      fresh(wait__event_known_late__keeps_its_own_time), fresh(led__same_level_again__is_no_edge))
