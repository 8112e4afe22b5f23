#include "tests/t.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/linux/machine/proc.h"
#include "plat/linux/machine/watchdog.h"

static char root[64];

static int make_root(void **state)
{
	(void)strcpy(root, "/tmp/lifeboat-proc.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void put(const char *dir, const char *stat_line)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", root, dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/stat", root, dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(stat_line, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void processes__stopped_and_hanging_ones__are_counted(void **state)
{
	struct lb_process one;

	put("12", "12 (stopped) T 1 12 12 0 -1 4194304 0\n");
	put("13", "13 (hangs) D 1 13 13 0 -1 4194304 0\n");
	put("14", "14 (traced) t 1 14 14 0 -1 4194304 0\n");
	assert_int_equal(lb_processes_count(root, &one), 3);
}

static void processes__kernel_threads_dead_ones_and_other_files__are_not_counted(void **state)
{
	struct lb_process one = {.pid = -1};

	put("2", "2 (kthreadd) S 0 0 0 0 -1 2129984 0\n");
	put("15", "15 (ended) Z 1 15 15 0 -1 4194304 0\n");
	put("16", "16 (going) X 1 16 16 0 -1 4194304 0\n");
	put("17", "17 (cut");
	put("18", "18 )odd( S 1 18 18 0 -1 4194304 0\n");
	put("fs", "19 (file) S 1 19 19 0 -1 4194304 0\n");
	assert_int_equal(lb_processes_count(root, &one), 0);
	assert_int_equal(one.pid, -1);
}

static void processes__name_with_brackets_and_a_state_in_it__is_told_whole(void **state)
{
	struct lb_process one;

	put("20", "20 (a) Z (b) c) S 1 20 20 0 -1 4194304 0\n");
	assert_int_equal(lb_processes_count(root, &one), 1);
	assert_int_equal(one.pid, 20);
	assert_string_equal(one.name, "a) Z (b) c");
}

static void processes__of_one_parent__are_counted_if_they_live(void **state)
{
	put("30", "30 (sshd) S 1 30 30 0 -1 4194304 0\n");
	put("31", "31 (sshd) S 30 30 30 0 -1 4194304 0\n");
	put("32", "32 (sshd) Z 30 30 30 0 -1 4194304 0\n");
	put("33", "33 (sh) S 31 30 30 0 -1 4194304 0\n");
	put("34", "34 (a) S 30) D 30 30 30 0 -1 4194304 0\n");
	assert_int_equal(lb_processes_of(root, 30), 2);
	assert_int_equal(lb_processes_of(root, 1), 1);
	assert_int_equal(lb_processes_of(root, 33), 0);
}

static void processes__this_one__is_not_counted(void **state)
{
	struct lb_process one;
	char name[16], line[64];

	(void)snprintf(name, sizeof(name), "%d", (int)getpid());
	(void)snprintf(line, sizeof(line), "%s (me) R 1 1 1 0 -1 4194304 0\n", name);
	put(name, line);
	assert_int_equal(lb_processes_count(root, &one), 0);
}

static void processes__no_proc__counts_none(void **state)
{
	struct lb_process one;

	assert_int_equal(lb_processes_count("/nowhere", &one), 0);
}

static void close_from__many_are_open__those_below_stay(void **state)
{
	const int low = 200, high = 900;
	int status = -1;
	pid_t pid = lb_fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(STDERR_FILENO, low - 1) < 0 || dup2(STDERR_FILENO, low) < 0 ||
		    dup2(STDERR_FILENO, high) < 0)
			_exit(2);
		lb_close_from(low);
		_exit(fcntl(low - 1, F_GETFD) >= 0 && fcntl(low, F_GETFD) < 0 &&
				      fcntl(high, F_GETFD) < 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define fresh(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

static bool has_ended(int line)
{
	char kicks[64];

	for (unsigned i = 0; i < 500; i++) {
		const ssize_t n = read(line, kicks, sizeof(kicks));

		if (n == 0)
			return true;
		if (n < 0)
			(void)usleep(10000);
	}
	return false;
}

/* The kernel disarms it at the last close: a child that hangs in a disk must not put that off. */
static void fork__child_lives_on__the_watchdog_is_closed_when_it_is_handed_over(void **state)
{
	char path[128];
	int line, watchdog;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/watchdog", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	line = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	watchdog = lb_watchdog_open(path, 30);
	assert_true(line >= 0 && watchdog >= 0);
	pid = lb_fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)alarm(60);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(lb_watchdog_hand_over(watchdog, false), -1);
	assert_true(has_ended(line));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(close(line), 0);
}

static void fork__heard__each_has_its_end_and_the_last_word_is_the_end(void **state)
{
	char word[8] = "";
	pid_t pid;
	int end, status;

	assert_int_equal(lb_fork_heard(&pid, &end), 0);
	if (pid == 0)
		_exit(write(end, "done", 4) == 4 ? 7 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_int_equal(fcntl(end, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(fcntl(end, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(read(end, word, sizeof(word)), 4);
	assert_string_equal(word, "done");
	assert_int_equal(read(end, word, sizeof(word)), 0); /* nobody has the other end */
	assert_int_equal(close(end), 0);
}

TESTS(fresh(fork__child_lives_on__the_watchdog_is_closed_when_it_is_handed_over),
      unit(close_from__many_are_open__those_below_stay),
      unit(fork__heard__each_has_its_end_and_the_last_word_is_the_end),
      fresh(processes__stopped_and_hanging_ones__are_counted),
      fresh(processes__kernel_threads_dead_ones_and_other_files__are_not_counted),
      fresh(processes__name_with_brackets_and_a_state_in_it__is_told_whole),
      fresh(processes__of_one_parent__are_counted_if_they_live),
      fresh(processes__this_one__is_not_counted), unit(processes__no_proc__counts_none))
