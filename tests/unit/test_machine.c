#include "tests/t.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/proc.h"

#define MANY (LB_QUEUE_MAX + 8)

static struct lb_machine m;
static struct plat plat;

static int make_machine(void **state)
{
	m = (struct lb_machine){.watchdog = -1, .lan.socket = -1, .consoles.kmsg = -1};
	return 0;
}

static void start(void)
{
	assert_int_equal(lb_machine_start(&m), 0);
	plat = lb_machine_plat(&m);
}

static int stop_machine(void **state)
{
	lb_machine_stop(&m);
	lb_consoles_close(&m.consoles);
	return 0;
}

static struct plat_event wait_ms(unsigned ms)
{
	struct plat_event ev;

	plat.wait(plat.ctx, plat.now_ms(plat.ctx) + ms, &ev);
	return ev;
}

static uint64_t cpu_us(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void assert_sleeps(unsigned ms)
{
	uint64_t before_us = cpu_us();

	assert_int_equal(wait_ms(ms).kind, PLAT_EV_TIMEOUT);
	assert_true(cpu_us() - before_us < (uint64_t)ms * 1000 / 4);
}

/* A terminal as the only console; returns the other end of its line. */
static int add_console(void)
{
	int line = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(line >= 0);
	assert_int_equal(grantpt(line), 0);
	assert_int_equal(unlockpt(line), 0);
	m.consoles.fds[0] = open(ptsname(line), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(m.consoles.fds[0] >= 0);
	m.consoles.count = 1;
	return line;
}

static void type(int line, const char *text)
{
	assert_int_equal(write(line, text, strlen(text)), (ssize_t)strlen(text));
}

static void console__hangs_up__the_loop_sleeps(void **state)
{
	int line = add_console();

	start();
	assert_int_equal(close(line), 0);
	assert_sleeps(200);
}

static void console__ctrl_d__the_next_line_still_counts(void **state)
{
	int line = add_console();
	struct plat_event ev;

	start();
	type(line, "\004");
	assert_sleeps(100);
	type(line, "f\n");
	ev = wait_ms(1000);
	assert_int_equal(ev.kind, PLAT_EV_LINE);
	assert_string_equal(ev.text, "f");
	assert_int_equal(close(line), 0);
}

/* Nobody reads it: what is said is lost from now on. */
static void fill_console(void)
{
	char noise[4096];

	memset(noise, '.', sizeof(noise));
	for (unsigned full = 0; full < 5; full++) { /* the kernel makes room now and then */
		while (write(m.consoles.fds[0], noise, sizeof(noise)) > 0)
			full = 0;
		(void)usleep(20000);
	}
	for (unsigned i = 0; i < 100; i++)
		plat.say(plat.ctx, "lost");
}

/* A pipe instead of a watchdog; how often it was fed. */
static unsigned kicks_of(int end)
{
	char kicks[4096];
	const ssize_t n = read(end, kicks, sizeof(kicks));

	return n > 0 ? (unsigned)n : 0;
}

/* All that comes out of the line until `last`, after a while. */
static bool comes_out_after(int line, unsigned ms, const char *last)
{
	static char seen[256 * 1024];
	size_t n = 0;

	(void)usleep(ms * 1000);
	while (n < sizeof(seen) - 1 && !strstr(seen, last)) {
		ssize_t more = read(line, seen + n, sizeof(seen) - 1 - n);

		if (more <= 0)
			break;
		n += (size_t)more;
		seen[n] = '\0';
	}
	return strstr(seen, last) && !strstr(seen, "lost\r\nlost\r\nlost");
}

static void last_words__console_is_full_for_a_while__all_of_it_comes_out(void **state)
{
	const int line = add_console();
	int status;
	pid_t reader;

	start();
	fill_console();
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		(void)alarm(60);
		_exit(comes_out_after(line, 400, "the end of it\r\n") ? 0 : 1);
	}
	lb_machine_last_words(&m);
	plat.say(plat.ctx, "complete, rebooting");
	plat.say(plat.ctx, "the end of it");
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	assert_int_equal(close(line), 0);
}

static void last_words__console_stays_full__bounded_and_the_watchdog_is_fed(void **state)
{
	const int line = add_console();
	uint64_t began_ms;
	int ends[2];

	start();
	fill_console();
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	m.watchdog = ends[1];
	began_ms = lb_monotonic_ms();
	lb_machine_last_words(&m);
	for (unsigned i = 0; i < 50; i++)
		plat.say(plat.ctx, "complete, rebooting");
	assert_in_range(lb_monotonic_ms() - began_ms, 1900, 60000); /* once for all of it */
	assert_in_range(kicks_of(ends[0]), 10, 4000);
	plat.say(plat.ctx, "lost again"); /* as ever */
	lb_machine_fall_silent(&m);
	assert_true(kicks_of(ends[0]) >= 1);
	m.watchdog = -1;
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(close(line), 0);
}

static void button_device__goes_away__the_loop_sleeps(void **state)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	m.inputs.fds[0] = ends[0];
	m.inputs.count = 1;
	start();
	assert_int_equal(close(ends[1]), 0);
	assert_sleeps(200);
	assert_int_equal(close(ends[0]), 0);
}

static void start_children(void)
{
	for (int i = 0; i < MANY; i++) {
		pid_t pid = lb_fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(i);
	}
}

static void assert_all_children_are_told(void)
{
	bool told[MANY] = {false};
	uint64_t until_ms = plat.now_ms(plat.ctx) + 5000;

	for (int count = 0; count < MANY;) {
		struct plat_event ev = wait_ms(500);

		assert_true(plat.now_ms(plat.ctx) < until_ms);
		if (ev.kind != PLAT_EV_CHILD)
			continue;
		assert_true(WIFEXITED(ev.status));
		assert_false(told[WEXITSTATUS(ev.status)]);
		told[WEXITSTATUS(ev.status)] = true;
		count++;
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void children__more_than_the_queue_holds__none_is_lost(void **state)
{
	start();
	start_children();
	while (waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOWAIT) < 0)
		;
	assert_all_children_are_told();
}

static void children__without_an_event_loop__are_told_all_the_same(void **state)
{
	plat = lb_machine_plat(&m);
	start_children();
	assert_all_children_are_told();
	assert_sleeps(100);
}

static void fork__signals_of_the_child__are_the_default_and_let_through(void **state)
{
	int status = 0;
	pid_t pid;

	start(); /* handles SIGTERM */
	pid = lb_fork();
	if (pid == 0) {
		(void)raise(SIGTERM);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(wait_ms(1000).kind, PLAT_EV_SIGNAL);
}

static void stdio__closed_by_the_kernel__leads_somewhere_again(void **state)
{
	int status = 0;
	pid_t pid = lb_fork();

	if (pid == 0) {
		(void)close(0);
		(void)close(1);
		(void)close(2);
		lb_stdio_open();
		for (int i = 0; i < 3; i++)
			if (fcntl(i, F_GETFD) != 0) /* not there, or closed on exec */
				_exit(1);
		_exit(open("/dev/null", O_RDONLY) >= 3 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define machine(f) cmocka_unit_test_setup_teardown(f, make_machine, stop_machine)

TESTS(machine(console__hangs_up__the_loop_sleeps),
      machine(console__ctrl_d__the_next_line_still_counts),
      machine(last_words__console_is_full_for_a_while__all_of_it_comes_out),
      machine(last_words__console_stays_full__bounded_and_the_watchdog_is_fed),
      machine(button_device__goes_away__the_loop_sleeps),
      machine(children__more_than_the_queue_holds__none_is_lost),
      machine(children__without_an_event_loop__are_told_all_the_same),
      unit(stdio__closed_by_the_kernel__leads_somewhere_again),
      machine(fork__signals_of_the_child__are_the_default_and_let_through))
