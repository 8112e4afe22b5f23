#include "tests/t.h"

#include <stdio.h>

#include "image/manifest.h"
#include "image/tar_write.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"
#define HEAD  "lifeboat-settings 1\nboard a,b\nsystem S 1.0\ndate 2026-11-21T06:13:00Z\n"
#define END   "end " ONES "\n"
#define LINES                                                 \
	"f 0644 0 0 12 " ZEROS " etc/config/network\n"        \
	"d 0700 0 0 0 - etc/dropbear\n"                       \
	"l 0777 0 0 0 - etc/resolv.conf ../tmp/resolv.conf\n" \
	"f 4755 4294967295 7 9223372036854775807 " ONES " a\\x20b\\x5cc\\xff\n"

static const char whole[] = HEAD "members 4\n" LINES END;
static struct lb_manifest m, before;
static struct lb_member member;

static int parse(const char *text)
{
	return lb_manifest_parse(&m, text, strlen(text));
}

static int remember(void **state)
{
	memset(&m, 0xA5, sizeof(m));
	before = m;
	return 0;
}

static void assert_refused(const char *text, int err)
{
	assert_int_equal(parse(text), err);
	assert_memory_equal(&m, &before, sizeof(m));
}

static void parse__whole_manifest__every_field_and_member(void **state)
{
	assert_int_equal(parse(whole), 0);
	assert_string_equal(m.board, "a,b");
	assert_string_equal(m.system, "S 1.0");
	assert_string_equal(m.date, "2026-11-21T06:13:00Z");
	assert_int_equal(m.count, 4);
	assert_int_equal(m.hashed_bytes, sizeof(whole) - sizeof(END));
	assert_int_equal(m.hash[0], 0x11);
	assert_int_equal(lb_manifest_next(&m, &member), 1);
	assert_string_equal(member.path, "etc/config/network");
	assert_int_equal(member.type, LB_MEMBER_FILE);
	assert_int_equal(member.mode, 0644);
	assert_int_equal(member.size_bytes, 12);
	assert_int_equal(lb_manifest_next(&m, &member), 1);
	assert_int_equal(member.type, LB_MEMBER_DIR);
	assert_int_equal(lb_manifest_next(&m, &member), 1);
	assert_int_equal(member.type, LB_MEMBER_LINK);
	assert_string_equal(member.target, "../tmp/resolv.conf");
	assert_int_equal(lb_manifest_next(&m, &member), 1);
	assert_string_equal(member.path, "a b\\c\xff");
	assert_int_equal(member.mode, 04755);
	assert_true(member.uid == UINT32_MAX && member.gid == 7);
	assert_true(member.size_bytes == INT64_MAX);
	assert_int_equal(member.hash[31], 0x11);
	assert_int_equal(lb_manifest_next(&m, &member), 0);
}

static void parse__every_truncation__is_refused_and_out_untouched(void **state)
{
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		assert_true(lb_manifest_parse(&m, whole, n) < 0);
		assert_memory_equal(&m, &before, sizeof(m));
	}
}

static void parse__other_formats_and_versions__are_told_apart(void **state)
{
	assert_refused("", LB_E(FORMAT));
	assert_refused("hello\n", LB_E(FORMAT));
	assert_refused("lifeboat-settings 2\nanything\n", LB_E(UNSUP));
	assert_refused("lifeboat-settings\n", LB_E(FORMAT));
	assert_refused(HEAD "members 8193\n" END, LB_E(RANGE));
}

static void parse__head_without_a_value__is_refused(void **state)
{
	assert_refused("lifeboat-settings 1\nboard a,b\nsystem S 1.0\ndate\nmembers 0\n" END,
		       LB_E(FORMAT));
	assert_refused("lifeboat-settings 1\nboard a,b\nsystem S 1.0\ndate \nmembers 0\n" END,
		       LB_E(FORMAT));
}

static void parse__a_line_that_is_wrong__is_refused(void **state)
{
	static const char *const lines[] = {
		"f 644 0 0 1 " ZEROS " a\n",
		"f 0844 0 0 1 " ZEROS " a\n",
		"f 0644 00 0 1 " ZEROS " a\n",
		"f 0644 4294967296 0 1 " ZEROS " a\n",
		"f 0644 0 0 -1 " ZEROS " a\n",
		"f 0644 0 0 9223372036854775808 " ZEROS " a\n",
		"f 0644 0 0 1 - a\n",
		"f 0644 0 0 1 " ZEROS "0 a\n",
		"f 0644 0 0 1 " ZEROS "\n",
		"f 0644 0 0 1 " ZEROS " \n",
		"f 0644 0 0 1 " ZEROS "  a\n",
		"f 0644 0 0 1 " ZEROS " a b\n",
		"f 0644 0 0 1 " ZEROS " a \n",
		"f 0644 0 0 1 " ZEROS " /a\n",
		"f 0644 0 0 1 " ZEROS " a/../b\n",
		"f 0644 0 0 1 " ZEROS " ./a\n",
		"f 0644 0 0 1 " ZEROS " a/\n",
		"f 0644 0 0 1 " ZEROS " a\\x00\n",
		"f 0644 0 0 1 " ZEROS " a\\x41\n",
		"f 0644 0 0 1 " ZEROS " a\\xFF\n",
		"f 0644 0 0 1 " ZEROS " a\\n\n",
		"f 0644 0 0 1 " ZEROS " a\xff\n",
		"d 0755 0 0 1 - a\n",
		"d 0755 0 0 0 " ZEROS " a\n",
		"d 0755 0 0 0 - a b\n",
		"l 0777 0 0 0 - a\n",
		"l 0755 0 0 0 - a b\n",
		"h 0644 0 0 0 - a b\n",
		"f 0644 0 0 1 " ZEROS " sysupgrade.tgz\n",
		"f 0644 0 0 1 " ZEROS " " LB_SETTINGS_STAGE "/0\n",
		"\n",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text), HEAD "members 1\n%s" END, lines[i]);
		if (parse(text) != LB_E(FORMAT))
			fail_msg("accepted: %s", lines[i]);
	}
}

static void parse__count_that_is_wrong__is_refused(void **state)
{
	assert_refused(HEAD "members 3\n" LINES END, LB_E(FORMAT));
	assert_refused(HEAD "members 5\n" LINES END, LB_E(FORMAT));
	assert_refused(HEAD "members 04\n" LINES END, LB_E(FORMAT));
	assert_refused(HEAD "members 4\n" LINES END "\n", LB_E(FORMAT));
	assert_refused(HEAD "members 4\n" LINES END END, LB_E(FORMAT));
}

static void put__what_was_parsed__gives_the_same_text(void **state)
{
	static char text[8192];
	size_t n;

	assert_int_equal(parse(whole), 0);
	n = (size_t)lb_manifest_put_head(text, sizeof(text), &m);
	while (lb_manifest_next(&m, &member) == 1)
		n += (size_t)lb_manifest_put_member(text + n, sizeof(text) - n, &member);
	n += (size_t)lb_manifest_put_end(text + n, sizeof(text) - n, m.hash);
	assert_int_equal(n, sizeof(whole) - 1);
	assert_memory_equal(text, whole, n);
}

static void put__too_little_room_or_a_hard_link__is_refused(void **state)
{
	char text[64];

	member = (struct lb_member){.path = "a/path/that/does/not/fit/together/with/its/hash"};
	assert_int_equal(lb_manifest_put_member(text, sizeof(text), &member), LB_E(NOSPC));
	assert_int_equal(lb_manifest_put_head(text, 10, &before), LB_E(NOSPC));
	member.type = LB_MEMBER_HARDLINK;
	assert_int_equal(lb_manifest_put_member(text, sizeof(text), &member), LB_E(UNSUP));
}

static void path__ways_to_write_it__become_one(void **state)
{
	static const char *const same[] = {"etc/passwd", "./etc/passwd", "etc//passwd",
					   "etc/./passwd/", ".//etc/passwd/."};
	char out[LB_MEMBER_PATH_MAX];

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(lb_member_path(out, same[i]), 0);
		assert_string_equal(out, "etc/passwd");
	}
	assert_int_equal(lb_member_path(out, "./"), 0);
	assert_string_equal(out, "");
	assert_int_equal(lb_member_path(out, "etc/..hidden/..."), 0);
	assert_string_equal(out, "etc/..hidden/...");
}

static void path__that_leads_elsewhere_or_is_ours__is_refused(void **state)
{
	static const char *const wrong[] = {"/etc/passwd",
					    "..",
					    "../etc",
					    "etc/../../x",
					    "a/..",
					    "sysupgrade.tgz",
					    "./sysupgrade.tgz",
					    LB_SETTINGS_STAGE "/1"};
	char out[LB_MEMBER_PATH_MAX] = "same", path[LB_MEMBER_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(lb_member_path(out, wrong[i]), LB_E(AUTH));
	memset(path, 'x', sizeof(path));
	path[LB_MEMBER_PATH_MAX] = '\0';
	assert_int_equal(lb_member_path(out, path), LB_E(NOSPC));
	assert_string_equal(out, "same");
	path[LB_MEMBER_PATH_MAX - 2] = '\0';
	assert_int_equal(lb_member_path(out, path), 0);
}

static void tar__what_it_cannot_hold__is_refused(void **state)
{
	static uint8_t out[LB_TAR_HEADER_MAX];

	member = (struct lb_member){.path = "a", .size_bytes = 1ull << 33};
	assert_int_equal(lb_tar_put_header(out, sizeof(out), &member), LB_E(RANGE));
	member = (struct lb_member){.path = "a", .uid = 1 << 21};
	assert_int_equal(lb_tar_put_header(out, sizeof(out), &member), LB_E(RANGE));
	member.uid = 0;
	assert_int_equal(lb_tar_put_header(out, 511, &member), LB_E(NOSPC));
	assert_int_equal(lb_tar_put_header(out, 512, &member), 512);
	memset(member.path, 'p', 100);
	assert_int_equal(lb_tar_put_header(out, sizeof(out), &member), 3 * 512);
	member.path[99] = '\0';
	assert_int_equal(lb_tar_put_header(out, sizeof(out), &member), 512);
}

#define fresh(f) cmocka_unit_test_setup(f, remember)

TESTS(fresh(parse__whole_manifest__every_field_and_member),
      fresh(parse__every_truncation__is_refused_and_out_untouched),
      fresh(parse__other_formats_and_versions__are_told_apart),
      fresh(parse__head_without_a_value__is_refused),
      fresh(parse__a_line_that_is_wrong__is_refused), fresh(parse__count_that_is_wrong__is_refused),
      fresh(put__what_was_parsed__gives_the_same_text),
      fresh(put__too_little_room_or_a_hard_link__is_refused),
      fresh(path__ways_to_write_it__become_one),
      fresh(path__that_leads_elsewhere_or_is_ours__is_refused),
      fresh(tar__what_it_cannot_hold__is_refused))
