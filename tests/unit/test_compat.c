/* The compat_version of the system that runs. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "install/compat.h"

static void compat__each_file__as_openwrt_reads_it(void **state)
{
	static const struct {
		const char *text, *compat;
	} rows[] = {
		{"config system\n\toption hostname 'r'\n\toption compat_version '1.1'\n", "1.1"},
		{"config timeserver 'ntp'\n\toption compat_version '9'\n\n"
		 "config system 'a'\n\toption compat_version \"2.0\"\n",
		 "2.0"},
		{"config system\n\toption hostname 'r'\nconfig system\n\toption compat_version 3\n",
		 ""},
		{"config system\n\tlist compat_version 1.1\n", ""},
		{"", ""},
		{"config system\n\toption compat_version 1.0\n\toption compat_version 1.1\n",
		 "1.1"},
	};
	char path[] = "/tmp/lifeboat-compat-XXXXXX", compat[LB_NAME_MAX];
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t n = strlen(rows[i].text);

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, n, 0), (ssize_t)n);
		lb_compat_read(compat, path);
		assert_string_equal(compat, rows[i].compat);
	}
	(void)close(fd);
	(void)unlink(path);
	lb_compat_read(compat, path);
	assert_string_equal(compat, "");
}

TESTS(unit(compat__each_file__as_openwrt_reads_it))
