/* Lines on a stream socket: who comes late, who does not read, who is gone. */
#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "plat/linux/machine/followers.h"

static char folder[] = "/tmp/lifeboat-followers-XXXXXX";
static char path[64];
static struct lb_followers f;

static int make(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/s", folder);
	assert_int_equal(lb_followers_open(&f, path), 0);
	return 0;
}

static int end(void **state)
{
	lb_followers_close(&f);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static int come(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void assert_reads(int fd, const char *want)
{
	char text[4096];
	const ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, want);
}

static void follower__before_and_after_a_line__gets_it_once(void **state)
{
	const int early = come();

	lb_followers_tell(&f, "one");
	const int late = come();
	lb_followers_tell(&f, "");
	assert_reads(early, "one\n");
	assert_reads(late, "one\n");
	lb_followers_tell(&f, "two");
	assert_reads(early, "two\n");
	assert_reads(late, "two\n");
	(void)close(early);
	(void)close(late);
}

static void follower__comes_just_before_the_end__gets_the_last_line(void **state)
{
	char text[8];

	lb_followers_tell(&f, "over");
	const int fd = come();
	lb_followers_close(&f);
	assert_reads(fd, "over\n");
	assert_int_equal(recv(fd, text, sizeof(text), 0), 0);
	(void)close(fd);
}

static void follower__does_not_read__is_dropped_and_nobody_waits(void **state)
{
	const int lazy = come(), reader = come();
	char line[LB_FOLLOWER_LINE_MAX], want[LB_FOLLOWER_LINE_MAX + 1];

	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\0';
	(void)snprintf(want, sizeof(want), "%s\n", line);
	for (int i = 0; i < 20000 && (i == 0 || f.count == 2); i++) {
		lb_followers_tell(&f, line);
		assert_reads(reader, want);
	}
	assert_int_equal(f.count, 1);
	(void)close(lazy);
	(void)close(reader);
}

static void follower__is_gone__the_others_go_on(void **state)
{
	const int gone = come(), stays = come();

	lb_followers_tell(&f, "one");
	(void)close(gone);
	lb_followers_tell(&f, "two");
	lb_followers_tell(&f, "three");
	assert_reads(stays, "one\ntwo\nthree\n");
	assert_int_equal(f.count, 1);
	(void)close(stays);
}

static void followers__more_than_there_is_room_for__wait_their_turn(void **state)
{
	int fds[LB_FOLLOWERS_MAX + 1];

	for (int i = 0; i <= LB_FOLLOWERS_MAX; i++)
		fds[i] = come();
	lb_followers_tell(&f, "one");
	assert_reads(fds[LB_FOLLOWERS_MAX], "");
	(void)close(fds[0]);
	lb_followers_tell(&f, "two"); /* finds out */
	lb_followers_tell(&f, "");
	assert_reads(fds[LB_FOLLOWERS_MAX], "two\n");
	for (int i = 1; i <= LB_FOLLOWERS_MAX; i++)
		(void)close(fds[i]);
}

static void socket__left_by_somebody__is_replaced_and_for_root_only(void **state)
{
	struct lb_followers again;
	struct stat st;

	assert_int_equal(lb_followers_open(&again, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	lb_followers_close(&again);
}

static void socket__that_cannot_be_made__all_do_nothing(void **state)
{
	struct lb_followers none;

	assert_true(lb_followers_open(&none, "/nowhere/at/all") < 0);
	lb_followers_tell(&none, "one");
	lb_followers_close(&none);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, make, end)
	const struct CMUnitTest all[] = {
		ROW(follower__before_and_after_a_line__gets_it_once),
		ROW(follower__comes_just_before_the_end__gets_the_last_line),
		ROW(follower__does_not_read__is_dropped_and_nobody_waits),
		ROW(follower__is_gone__the_others_go_on),
		ROW(followers__more_than_there_is_room_for__wait_their_turn),
		ROW(socket__left_by_somebody__is_replaced_and_for_root_only),
		ROW(socket__that_cannot_be_made__all_do_nothing),
	};
#undef ROW

	return cmocka_run_group_tests(all, NULL, NULL);
}
