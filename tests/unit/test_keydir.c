/* A directory of public keys: the name of a file is the id, a link to nothing revokes. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plat/linux/files/files.h"
#include "plat/linux/files/keydir.h"

#define ID "0123456789abcdef"

static char dir[] = "/tmp/lifeboat-keys-XXXXXX";
static char path[64];

static int set_up(void **state)
{
	memcpy(strrchr(dir, '-'), "-XXXXXX", 8);
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, ID);
	return 0;
}

static int tear_down(void **state)
{
	(void)unlink(path);
	return rmdir(dir);
}

static void key__by_its_id__its_text(void **state)
{
	char text[64];

	assert_int_equal(lb_file_replace(path, "untrusted\nkey\n", 14, 0644), 0);
	assert_int_equal(lb_keydir_read(dir, ID, text, sizeof(text)), 13);
	assert_string_equal(text, "untrusted\nkey");
}

static void key__that_is_not_there__and_directory__differ(void **state)
{
	char text[64] = "before";

	assert_int_equal(lb_keydir_read(dir, ID, text, sizeof(text)), LB_E(NOENT));
	assert_int_equal(lb_keydir_read("/nowhere", ID, text, sizeof(text)), LB_E(STATE));
	assert_string_equal(text, "before");
}

static void link_to_nothing__is_a_revoked_key(void **state)
{
	char text[64];

	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	assert_int_equal(lb_keydir_read(dir, ID, text, sizeof(text)), LB_E(AUTH));
}

static void file_longer_than_a_key__is_refused(void **state)
{
	char text[64], longer[100];

	memset(longer, 'x', sizeof(longer));
	assert_int_equal(lb_file_replace(path, longer, sizeof(longer), 0644), 0);
	assert_int_equal(lb_keydir_read(dir, ID, text, sizeof(text)), LB_E(NOSPC));
}

#define in_a_directory(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

TESTS(in_a_directory(key__by_its_id__its_text),
      in_a_directory(key__that_is_not_there__and_directory__differ),
      in_a_directory(link_to_nothing__is_a_revoked_key),
      in_a_directory(file_longer_than_a_key__is_refused))
