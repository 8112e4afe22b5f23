/* plat/linux/machine/proc.h - helper programs, and who else is alive. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "tables/limits.h"

/* Where the program is, looked for in /sbin, /bin, /usr/sbin and /usr/bin. LB_E(NOENT) when
 * nowhere. */
MUST_CHECK int lb_program_find(const char *name, char *path, size_t size);

/* fork(), with the child's signals as a program expects them: an event loop's handlers would
 * otherwise report the child's signals to the parent. Nor does the child hold the watchdog. */
pid_t lb_fork(void);

/* The same, and the parent hears the child: in the child *pid is 0 and *end is to be written to, in
 * the parent *end is to be read from and does not block. Closing *end is the caller's. Neither is
 * kept by a program that is executed. */
MUST_CHECK int lb_fork_heard(pid_t *pid, int *end);

/* Before a signal of a person who has lost patience, or of a line that is gone, ends this program
 * (SIGINT, SIGTERM, SIGHUP), `leave` cleans up and ends it by that signal. Those that are ignored,
 * as under nohup(1), stay so. */
void lb_when_ended(void (*leave)(int number));

/* Close what was inherited, from this number on: PID 1's watchdog would otherwise never be closed,
 * and its consoles and buttons be in the hands of its children. */
void lb_close_from(int first);

/* Run a program of those directories to its end, standard output and error to the log device
 * /dev/null when quiet. Its exit code (0..255), LB_E(NOENT) when it is not there, LB_E(CHILD) when
 * a signal ended it. Not for PID 1, which must not block: it forks first. */
MUST_CHECK int lb_program_run(const char *const argv[], bool quiet);

struct lb_process {
	int pid, parent;
	char name[LB_NAME_MAX]; /* what the kernel calls it: not more than it lets itself be called
				 */
};

/* How many processes there are besides this one, kernel threads and those that have ended left out;
 * *one is one of them, untouched when there is none. `proc`: "/proc", where the kernel shows them.
 */
unsigned lb_processes_count(const char *proc, struct lb_process *one);

/* How many of them are children of `parent`. */
unsigned lb_processes_of(const char *proc, int parent);
