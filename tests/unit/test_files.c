#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/linux/files/files.h"

#define LONGEST_CMDLINE 4096 /* COMMAND_LINE_SIZE of MIPS and s390 */
#define WRITERS		4

static char dir[64], path[128], text[LONGEST_CMDLINE + 1], large[16384];

static int make_dir(void **state)
{
	(void)strcpy(dir, "/tmp/lifeboat-files-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void put(size_t n)
{
	memset(large, 'x', sizeof(large));
	assert_int_equal(lb_file_replace(path, large, n, 0600), 0);
}

static void read__the_longest_kernel_command_line__is_whole(void **state)
{
	put(LONGEST_CMDLINE);
	assert_int_equal(lb_file_read(path, text, sizeof(text)), LONGEST_CMDLINE);
	assert_int_equal(strlen(text), LONGEST_CMDLINE);
}

static void read__more_than_fits__nospc_and_the_buffer_is_untouched(void **state)
{
	static char room[sizeof(large)];

	(void)strcpy(text, "before");
	put(sizeof(text));
	assert_int_equal(lb_file_read(path, text, sizeof(text)), LB_E(NOSPC));
	assert_string_equal(text, "before");
	put(sizeof(large));
	assert_int_equal(lb_file_read(path, room, sizeof(room)), LB_E(NOSPC));
}

static void replace__mode__is_as_asked_whatever_the_umask(void **state)
{
	mode_t mask = umask(0077);
	struct stat st;

	assert_int_equal(lb_file_replace(path, "x", 1, 0644), 0);
	(void)umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void replace__by_many_at_once__is_always_one_of_theirs(void **state)
{
	size_t pieces = 0;
	int status;

	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			memset(large, 'a' + i, sizeof(large));
			for (int n = 0; n < 200; n++)
				if (lb_file_replace(path, large, 1000 + (size_t)i, 0600) < 0)
					_exit(1);
			_exit(0);
		}
	for (;;) {
		int n = lb_file_read(path, text, sizeof(text));
		pid_t done = waitpid(-1, &status, WNOHANG);

		if (n > 0) {
			assert_int_equal(n, 1000 + text[0] - 'a');
			assert_int_equal(strspn(text, (char[]){text[0], '\0'}), n);
			pieces++;
		}
		if (done < 0)
			break;
		if (done > 0)
			assert_int_equal(status, 0);
	}
	assert_true(pieces > 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0); /* nothing was left beside it */
	assert_int_equal(mkdir(dir, 0700), 0);
}

/* `dir` is the root: /sbin is an absolute link to /usr/sbin, init one to a program beside it. */
static void open_in_root__through_absolute_links__stays_inside(void **state)
{
	char command[512];
	int fd;

	(void)snprintf(
		command, sizeof(command),
		"cd %s && mkdir -p usr/sbin && ln -s /usr/sbin sbin && echo ours >usr/sbin/real && "
		"ln -s /sbin/real usr/sbin/init && ln -s ../../../../etc/passwd out",
		dir);
	assert_int_equal(system(command), 0);
	fd = lb_file_open_in_root(dir, "/sbin/init");
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_memory_equal(text, "ours", 4);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lb_file_open_in_root(dir, "/out"), LB_E(NOENT));
	assert_int_equal(lb_file_open_in_root(dir, "/sbin/absent"), LB_E(NOENT));
}

#define files(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

TESTS(files(read__the_longest_kernel_command_line__is_whole),
      files(read__more_than_fits__nospc_and_the_buffer_is_untouched),
      files(open_in_root__through_absolute_links__stays_inside),
      files(replace__mode__is_as_asked_whatever_the_umask),
      files(replace__by_many_at_once__is_always_one_of_theirs))
