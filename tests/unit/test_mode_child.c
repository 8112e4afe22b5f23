/* A rescue mode at work in a real child; what time it is says the test. */
#include "tests/t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifeboat/gate/mode_child.h"

#define HANG_MS 60000u

static struct lb_board board = {.menu_hang_ms = HANG_MS};
static struct lb_machine machine;
static struct lb_mode_child child;
static struct lb_mode_result result;
static bool is_whole; /* the system that is found on the card */
static int alive[2];  /* who holds the end to write to is alive */

/* Gets further when it is told to. */
void lb_mode_factory(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	sigset_t go;
	int number;

	(void)sigemptyset(&go);
	(void)sigaddset(&go, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &go, NULL);
	for (unsigned percent = 10; percent <= 30; percent += 10) {
		ask->step(ask->ctx, "going back", percent);
		ask->step(ask->ctx, "going back", percent); /* again is not further */
		(void)sigwait(&go, &number);
	}
	*out = (struct lb_mode_result){LB_FAILURE_SPACE, "it was too much"};
}

/* No test asks for it. */
void lb_mode_reflash(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	abort();
}

/* Has somebody work for it, and hangs. */
void lb_mode_rollback(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	if (fork() != 0) /* only one of them speaks: the second word would be heard later */
		ask->step(ask->ctx, "the last", 50);
	for (;;)
		(void)pause();
}

/* Says where it would write. */
void lb_mode_internet(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	*out = (struct lb_mode_result){0};
	(void)snprintf(out->why, sizeof(out->why), "%s", ask->root);
}

bool lb_mode_settle(const struct lb_mode_ask *ask, struct lb_mode_result *out)
{
	if (is_whole)
		*out = (struct lb_mode_result){.why = "it stays"};
	return is_whole;
}

static void begin_as(enum lb_mode mode, bool goes_on)
{
	const struct lb_mode_start start = {.mode = mode,
					    .goes_on = goes_on,
					    .board = &board,
					    .machine = &machine,
					    .root = "PARTLABEL=root"};

	machine.consoles.kmsg = -1;
	assert_int_equal(pipe(alive), 0);
	assert_int_equal(lb_mode_child_start(&child, &start, 0), 0);
	assert_int_equal(close(alive[1]), 0);
	(void)alarm(60); /* or a test that waits would wait for ever */
}

static void begin(enum lb_mode mode)
{
	begin_as(mode, false);
}

static void hear_until(unsigned percent, uint64_t now_ms)
{
	while (child.percent != percent) {
		(void)!lb_mode_child_hear(&child, &board, now_ms);
		(void)usleep(1000);
	}
}

static int ended(void)
{
	int status;

	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	return status;
}

static void child__gets_further_now_and_then__may_take_as_long_as_it_likes(void **state)
{
	uint64_t now_ms = 0;

	begin(LB_MODE_FACTORY);
	for (unsigned percent = 10; percent <= 30; percent += 10) {
		hear_until(percent, now_ms);
		assert_string_equal(child.what, "going back");
		now_ms += HANG_MS - 1;
		assert_true(lb_mode_child_hear(&child, &board, now_ms));
		assert_false(lb_mode_child_hear(&child, &board, now_ms + 1));
		assert_int_equal(kill(child.pid, SIGUSR1), 0);
	}
	assert_int_equal(ended(), 0);
	assert_true(lb_mode_child_hear(&child, &board, now_ms + 3600000));
	lb_mode_child_end(&child, 0, &result);
	assert_int_equal(result.failure, LB_FAILURE_SPACE);
	assert_string_equal(result.why, "it was too much");
	assert_int_equal(child.pid, 0);
	assert_true(lb_mode_child_hear(&child, &board, now_ms * 2 + 3600000));
}

static void child__gets_no_further__is_ended_with_what_it_has_started(void **state)
{
	const pid_t pid = (begin(LB_MODE_ROLLBACK), child.pid);
	char byte;
	int status;

	hear_until(50, 1000);
	assert_true(lb_mode_child_hear(&child, &board, 1000 + HANG_MS - 1));
	assert_false(lb_mode_child_hear(&child, &board, 1000 + HANG_MS));
	lb_mode_child_give_up(&child, &board, &result);
	assert_int_equal(result.failure, LB_FAILURE_HANG);
	assert_string_equal(result.why,
			    "it did not get any further for 60 s and was ended; the last "
			    "that it said: the last");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(read(alive[0], &byte, 1), 0); /* nobody has it open any more */
	assert_true(lb_mode_child_hear(&child, &board, 1000 + 2 * HANG_MS));
}

static void child__killed__has_failed(void **state)
{
	begin(LB_MODE_FACTORY);
	hear_until(10, 0);
	assert_int_equal(kill(child.pid, SIGKILL), 0);
	const int status = ended();
	assert_true(WIFSIGNALED(status));
	lb_mode_child_end(&child, status, &result);
	assert_int_equal(result.failure, LB_FAILURE_OTHER);
	assert_string_equal(result.why,
			    "it was ended by signal 9 (Killed); the last that it said: going back");
}

/* What goes on writing must not meet the boot that follows. */
static void child__killed_alone__what_it_has_started_is_ended(void **state)
{
	char byte;

	begin(LB_MODE_ROLLBACK);
	hear_until(50, 0);
	assert_int_equal(kill(child.pid, SIGKILL), 0);
	lb_mode_child_end(&child, ended(), &result);
	assert_int_equal(result.failure, LB_FAILURE_OTHER);
	assert_int_equal(read(alive[0], &byte, 1), 0);
}

static void child__ends_without_a_word__has_failed(void **state)
{
	child = (struct lb_mode_child){.pid = 1 << 30, .from = -1};
	lb_mode_child_end(&child, 0, &result);
	assert_int_equal(result.failure, LB_FAILURE_OTHER);
	assert_string_equal(result.why, "it ended without a word");
}

static void child__nothing_to_do__ends_well(void **state)
{
	begin(LB_MODE_REBOOT);
	assert_int_equal(ended(), 0);
	(void)!lb_mode_child_hear(&child, &board, 0);
	lb_mode_child_end(&child, 0, &result);
	assert_int_equal(result.failure, LB_FAILURE_NONE);
}

static void child__is_told__where_the_root_lies(void **state)
{
	begin(LB_MODE_INTERNET);
	assert_int_equal(ended(), 0);
	(void)!lb_mode_child_hear(&child, &board, 0);
	lb_mode_child_end(&child, 0, &result);
	assert_string_equal(result.why, "PARTLABEL=root");
}

static void child__goes_on_after_a_cut__leaves_a_whole_card_as_it_is(void **state)
{
	is_whole = true;
	begin_as(LB_MODE_REFLASH, true); /* which would abort */
	assert_int_equal(ended(), 0);
	(void)!lb_mode_child_hear(&child, &board, 0);
	lb_mode_child_end(&child, 0, &result);
	assert_int_equal(result.failure, LB_FAILURE_NONE);
	assert_string_equal(result.why, "it stays");
}

static void child__goes_on_with_no_whole_card__carries_the_mode_out(void **state)
{
	is_whole = false;
	begin_as(LB_MODE_FACTORY, true);
	hear_until(10, 0);
	assert_int_equal(kill(child.pid, SIGKILL), 0);
	assert_true(WIFSIGNALED(ended()));
	lb_mode_child_end(&child, 0, &result);
}

/* A person has chosen it. */
static void child__was_chosen__asks_no_card(void **state)
{
	is_whole = true;
	begin(LB_MODE_REBOOT);
	assert_int_equal(ended(), 0);
	(void)!lb_mode_child_hear(&child, &board, 0);
	lb_mode_child_end(&child, 0, &result);
	assert_string_equal(result.why, "nothing was changed");
}

TESTS(unit(child__gets_further_now_and_then__may_take_as_long_as_it_likes),
      unit(child__gets_no_further__is_ended_with_what_it_has_started),
      unit(child__killed__has_failed), unit(child__killed_alone__what_it_has_started_is_ended),
      unit(child__ends_without_a_word__has_failed), unit(child__nothing_to_do__ends_well),
      unit(child__is_told__where_the_root_lies),
      unit(child__goes_on_after_a_cut__leaves_a_whole_card_as_it_is),
      unit(child__goes_on_with_no_whole_card__carries_the_mode_out),
      unit(child__was_chosen__asks_no_card))
