/* What comes from a pipe, kept in RAM. */
#include "tests/t.h"

#include <unistd.h>

#include "plat/linux/files/files.h"
#include "plat/linux/files/spool.h"

static void spool__within_its_room__holds_all(void **state)
{
	struct lb_spool s;
	char back[8];

	assert_int_equal(lb_spool_begin(&s, 8), 0);
	lb_spool_feed(&s, "abcd", 4);
	lb_spool_feed(&s, "efgh", 4);
	assert_true(s.fd >= 0);
	assert_int_equal(lb_fd_pread(s.fd, back, sizeof(back), 0), 0);
	assert_memory_equal(back, "abcdefgh", 8);
	lb_spool_closep(&s);
	assert_int_equal(s.fd, -1);
}

static void spool__more_than_its_room__gives_the_ram_back(void **state)
{
	struct lb_spool s;
	int fd;

	assert_int_equal(lb_spool_begin(&s, 8), 0);
	fd = s.fd;
	lb_spool_feed(&s, "abcd", 4);
	lb_spool_feed(&s, "efghi", 5);
	assert_int_equal(s.fd, -1);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), -1);
	lb_spool_feed(&s, "j", 1);
	assert_int_equal(s.size_bytes, 10);
	lb_spool_closep(&s);
}

static void room__of_this_machine__is_less_than_its_ram(void **state)
{
	const uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	assert_in_range(lb_spool_room(), 1, ram / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spool__within_its_room__holds_all),
		cmocka_unit_test(spool__more_than_its_room__gives_the_ram_back),
		cmocka_unit_test(room__of_this_machine__is_less_than_its_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
