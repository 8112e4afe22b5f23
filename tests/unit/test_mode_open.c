/* What a mode that lets a person in needs before it says that it works: without that nobody gets
 * in, and the LED would blink for ever. The host key is made in a real child. */
#include "tests/t.h"

#include <sys/wait.h>
#include <unistd.h>

#include "lifeboat/gate/hostkey.h"
#include "lifeboat/gate/login.h"
#include "lifeboat/gate/mode_open.h"
#include "lifeboat/lan.h"
#include "plat/linux/machine/proc.h"

#define HANG_MS 60000u

static const struct lb_board board = {.menu_hang_ms = HANG_MS, .menu_ssh_idle_ms = 1000};
static struct lb_machine machine;
static struct lb_status status;
static struct lb_mode_result result;
static struct {
	const char *program; /* that is not there */
	bool login, key, port;
	bool ends; /* what makes the key */
} lacks;
static unsigned let_in, levels, forgot;
static uint64_t time_ms;

int lb_program_find(const char *name, char *path, size_t size)
{
	return lacks.program && strcmp(name, lacks.program) == 0 ? LB_E(NOENT) : 0;
}

/* The machine that tests run on keeps its name. */
int sethostname(const char *name, size_t len)
{
	return 0;
}

pid_t lb_fork(void)
{
	return fork();
}

int lb_login_prepare(struct lb_login *out, enum lb_policy policy, const char *disk)
{
	return lacks.login ? LB_E(IO) : 0;
}

int lb_host_key_provide(const struct lb_board *b, char fingerprint[LB_NAME_MAX])
{
	while (lacks.ends)
		(void)pause();
	return lacks.key ? LB_E(CHILD) : 0;
}

void lb_login_forget(void)
{
	forgot++;
}

int lb_lan_up_for(struct lb_machine *m, const struct lb_board *b)
{
	return lacks.port ? LB_E(NOENT) : 0;
}

int lb_status_save(const struct lb_status *s)
{
	return 0;
}

enum lb_leave lb_failsafe_run(struct lb_machine *m, const struct lb_board *b, struct lb_status *s,
			      const char *disk, const struct lb_waiting *how)
{
	let_in++;
	return LB_LEAVE_REBOOT;
}

static uint64_t now(void *ctx)
{
	return time_ms;
}

static void led(void *ctx, enum lb_led_role role, bool on)
{
	levels++;
}

/* The test's time stands still until the child has ended, unless that is never. */
static void wait_for_event(void *ctx, uint64_t until_ms, struct plat_event *ev)
{
	*ev = (struct plat_event){.kind = PLAT_EV_TIMEOUT};
	if (lacks.ends) {
		time_ms = until_ms;
		return;
	}
	ev->pid = waitpid(-1, &ev->status, 0);
	ev->kind = PLAT_EV_CHILD;
}

struct plat lb_machine_plat(struct lb_machine *m)
{
	return (struct plat){.now_ms = now, .led = led, .wait = wait_for_event};
}

static int with_all(void **state)
{
	memset(&lacks, 0, sizeof(lacks));
	machine = (struct lb_machine){.consoles.count = 1};
	status = (struct lb_status){0};
	let_in = levels = forgot = 0;
	time_ms = 5000;
	return 0;
}

/* How often somebody was let in by now. */
static unsigned run(enum lb_mode mode)
{
	(void)lb_mode_open_run(&result, mode, 5000, &machine, &board, &status);
	return let_in;
}

static void assert_fails(enum lb_mode mode, enum lb_failure failure, const char *why)
{
	assert_int_equal(run(mode), 0);
	assert_int_equal(result.failure, failure);
	assert_non_null(strstr(result.why, why));
	assert_int_equal(status.mode, 0);
	with_all(NULL);
}

static void open__all_is_there__somebody_is_let_in(void **state)
{
	assert_int_equal(run(LB_MODE_SSH), 1);
	assert_int_equal(result.failure, LB_FAILURE_NONE);
	assert_int_equal(levels, 1); /* while the key is waited for */
	assert_int_equal(forgot, 0);
	assert_int_equal(run(LB_MODE_SHELL), 2);
	assert_int_equal(result.failure, LB_FAILURE_NONE);
}

static void ssh__what_it_needs_is_missing__fails_with_the_cause(void **state)
{
	lacks.program = "sh";
	assert_fails(LB_MODE_SSH, LB_FAILURE_OTHER, "no shell (sh)");
	lacks.program = "dropbear";
	assert_fails(LB_MODE_SSH, LB_FAILURE_OTHER, "no SSH server (dropbear)");
	lacks.key = true;
	assert_fails(LB_MODE_SSH, LB_FAILURE_OTHER, "host key for SSH cannot be made");
	lacks.login = true;
	assert_fails(LB_MODE_SSH, LB_FAILURE_OTHER, "host key for SSH cannot be made");
	lacks.port = true;
	assert_fails(LB_MODE_SSH, LB_FAILURE_NETWORK, "no LAN port");
}

static void ssh__fails__the_login_without_a_password_is_forgotten(void **state)
{
	lacks.key = true;
	assert_int_equal(run(LB_MODE_SSH), 0);
	assert_int_equal(forgot, 1);
}

static void ssh__making_the_key_hangs__blinks_until_it_is_ended(void **state)
{
	lacks.ends = true;
	assert_int_equal(run(LB_MODE_SSH), 0);
	assert_int_equal(result.failure, LB_FAILURE_HANG);
	assert_int_equal(time_ms, 5000 + HANG_MS);
	assert_int_equal(levels, HANG_MS / 500);
	assert_true(waitpid(-1, NULL, 0) > 0); /* it is dead */
}

static void shell__what_it_needs_is_missing__fails_with_the_cause(void **state)
{
	lacks.program = "sh";
	assert_fails(LB_MODE_SHELL, LB_FAILURE_OTHER, "no shell (sh)");
	machine.consoles.count = 0;
	assert_fails(LB_MODE_SHELL, LB_FAILURE_OTHER, "no serial console can be opened");
	lacks.program = "dropbear";
	assert_int_equal(run(LB_MODE_SHELL), 1); /* of no use there */
}

#define fresh(f) cmocka_unit_test_setup(f, with_all)

TESTS(fresh(open__all_is_there__somebody_is_let_in),
      fresh(ssh__what_it_needs_is_missing__fails_with_the_cause),
      fresh(ssh__fails__the_login_without_a_password_is_forgotten),
      fresh(ssh__making_the_key_hangs__blinks_until_it_is_ended),
      fresh(shell__what_it_needs_is_missing__fails_with_the_cause))
