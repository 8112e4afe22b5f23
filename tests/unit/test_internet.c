/* Rescue mode 6: what it waits for without an end, and what it gives up for. The network, the
 * server and the clock are the test's. */
#include "tests/t.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lifeboat/disk_wait.h"
#include "lifeboat/fetch/pair.h"
#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/modes/mode.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/machine/wan.h"

#define HANG_MS 10000u
#define DAY_MS	UINT64_C(86400000)

static uint64_t now_ms, heard_ms, link_ms, server_ms;
static bool has_system, has_ports;
static enum lb_fetch_end answer;
static unsigned up, downs, flashed, waited_lines;
static char said[32][LB_SENTENCE_MAX];
static size_t said_count;
static bool hung;

static void pass(uint64_t ms)
{
	now_ms += ms;
	hung = hung || now_ms - heard_ms >= HANG_MS;
}

/* --- what the mode stands on */

uint64_t lb_monotonic_ms(void)
{
	return now_ms;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)left;
	pass((uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000);
	return 0;
}

struct lb_disk_wait lb_disk_wait_begin(unsigned wait_ms)
{
	return (struct lb_disk_wait){now_ms + wait_ms};
}

bool lb_disk_wait_goes_on(const struct lb_disk_wait *w)
{
	pass(100);
	return now_ms < w->until_ms;
}

int lb_dir_make(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

bool lb_wan_has_ports(const struct lb_wan_config *config)
{
	(void)config;
	return has_ports;
}

int lb_wan_open(struct lb_wan *w, const struct lb_wan_config *config, char why[LB_SENTENCE_MAX])
{
	(void)w;
	(void)config;
	(void)why;
	return 0;
}

int lb_wan_up(struct lb_wan *w, const struct lb_wan_config *config, char why[LB_SENTENCE_MAX])
{
	(void)w;
	assert_int_equal(up, 0);
	up = 1;
	for (unsigned s = 0; s < 10 && now_ms < link_ms; s++) {
		config->waits(config->ctx, "a link");
		pass(1000);
	}
	if (now_ms >= link_ms)
		return 0;
	(void)snprintf(why, LB_SENTENCE_MAX, "eth2 has no link");
	return LB_E(TIMEOUT);
}

void lb_wan_down(struct lb_wan *w)
{
	(void)w;
	up = 0;
	downs++;
	assert_in_range(downs, 1, 20000); /* or a test would wait for ever */
}

void lb_wan_closep(struct lb_wan *w)
{
	(void)w;
}

enum lb_fetch_end lb_pair_get(const struct lb_pair *p, char why[LB_SENTENCE_MAX])
{
	assert_int_equal(up, 1);
	for (unsigned s = 0; s < 30 && now_ms < server_ms; s++) {
		p->progress(p->ctx, 0, 0);
		pass(1000);
	}
	(void)snprintf(why, LB_SENTENCE_MAX, "the server does not answer");
	return now_ms >= server_ms ? answer : LB_FETCH_END_AGAIN;
}

void lb_url_name(const char *url, char out[LB_PATH_MAX])
{
	(void)url;
	(void)snprintf(out, LB_PATH_MAX, "medkit");
}

bool lb_medkit_nothing_else_boots(const struct lb_board *board, const char *place)
{
	(void)board;
	assert_string_equal(place, "PARTLABEL=root");
	return !has_system;
}

int lb_medkit_flash(struct lb_medkit_report *out, const struct lb_medkit_ask *ask,
		    const struct lb_medkit_card *card)
{
	assert_true(ask->board->signature_required[LB_DOOR_NETWORK]);
	assert_string_equal(card->place, "PARTLABEL=root");
	flashed++;
	*out = (struct lb_medkit_report){.why = "done"};
	return 0;
}

/* --- who asked for it */

static void say(void *ctx, const char *line)
{
	(void)ctx;
	assert_in_range(said_count, 0, 31);
	(void)snprintf(said[said_count++], LB_SENTENCE_MAX, "%s", line);
}

/* As gate/mode_child.c: what is said again is not heard. */
static void step(void *ctx, const char *what, unsigned percent)
{
	static char last[LB_SENTENCE_MAX];

	(void)ctx;
	(void)percent;
	if (strcmp(last, what) == 0)
		return;
	(void)snprintf(last, sizeof(last), "%s", what);
	heard_ms = now_ms;
	waited_lines += strncmp(what, "waiting for ", 12) == 0;
}

static unsigned times_said(const char *text)
{
	unsigned n = 0;

	for (size_t i = 0; i < said_count; i++)
		n += strstr(said[i], text) != NULL;
	return n;
}

static int begin(void **state)
{
	now_ms = heard_ms = 1000;
	link_ms = server_ms = 0;
	has_system = hung = false;
	has_ports = true;
	answer = LB_FETCH_END_GOT;
	up = downs = flashed = waited_lines = 0;
	said_count = 0;
	return 0;
}

static struct lb_mode_result run(void)
{
	static struct lb_board board = {.menu_hang_ms = HANG_MS};
	const struct lb_mode_ask ask = {
		.board = &board, .root = "PARTLABEL=root", .say = say, .step = step};
	struct lb_mode_result out;

	lb_mode_internet(&ask, &out);
	return out;
}

static void mode_6__no_system_and_a_network_that_comes_the_next_day__waits_and_goes_on(void **state)
{
	struct lb_mode_result out;

	link_ms = DAY_MS / 2;
	server_ms = DAY_MS;
	out = run();
	assert_int_equal(out.failure, LB_FAILURE_NONE);
	assert_int_equal(flashed, 1);
	assert_true(now_ms >= DAY_MS);
	assert_false(hung);
	assert_int_equal(times_said("there is no system on the card: this waits"), 1);
	assert_int_equal(times_said("eth2 has no link"), 1);
	assert_int_equal(times_said("the server does not answer"), 1);
	assert_true(waited_lines > 1000);
	assert_true(downs > 1000);
}

static void mode_6__another_system_boots__gives_up_for_what_is_missing(void **state)
{
	struct lb_mode_result out;

	has_system = true;
	link_ms = DAY_MS;
	out = run();
	assert_int_equal(out.failure, LB_FAILURE_NETWORK);
	assert_string_equal(out.why, "eth2 has no link");
	assert_true(now_ms < 60000);

	up = 0;
	link_ms = 0;
	server_ms = DAY_MS;
	out = run();
	assert_int_equal(out.failure, LB_FAILURE_NETWORK);
	assert_string_equal(out.why, "the server does not answer");
	assert_int_equal(times_said("there is no system on the card"), 0);
	assert_int_equal(flashed, 0);
}

static void mode_6__no_system_and_a_server_that_refuses__is_a_failure(void **state)
{
	struct lb_mode_result out;

	answer = LB_FETCH_END_REFUSED;
	out = run();
	assert_int_equal(out.failure, LB_FAILURE_IMAGE);
	assert_int_equal(downs, 0);
}

static void mode_6__port_that_never_comes__is_waited_for_a_moment_only(void **state)
{
	has_ports = false;
	assert_int_equal(run().failure, LB_FAILURE_NONE);
	assert_in_range(now_ms, 1000 + LB_DISK_WAIT_MS, 2000 + LB_DISK_WAIT_MS);
}

#define fresh(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest all[] = {
		fresh(mode_6__no_system_and_a_network_that_comes_the_next_day__waits_and_goes_on),
		fresh(mode_6__another_system_boots__gives_up_for_what_is_missing),
		fresh(mode_6__no_system_and_a_server_that_refuses__is_a_failure),
		fresh(mode_6__port_that_never_comes__is_waited_for_a_moment_only),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
