/* Settings archives, right and damaged in every way, restored into a root in memory. */
#include "tests/t.h"

#include <stdio.h>

#include "plat/fake/settings.h"
#include "store/settings.h"
#include "tests/settings_archive.h"
#include "tests/silent.h"

static const struct sa_member members[] = {
	{LB_MEMBER_DIR, "etc/dropbear", "", 0700, 0, 0},
	{LB_MEMBER_FILE, "etc/dropbear/key", "secret key", 0600, 0, 0},
	{LB_MEMBER_FILE, "etc/config/network", "option ipaddr 10.0.0.1\n", 0644, 0, 0},
	{LB_MEMBER_LINK, "etc/resolv.conf", "../tmp/resolv.conf", 0777, 0, 0},
	{LB_MEMBER_FILE, "srv/www/index.html", "mine", 04750, 33, 34},
	{LB_MEMBER_FILE, "etc/empty", "", 0444, 0, 0},
	{LB_MEMBER_FILE, "etc/passwd", "root:x:0:0:mine", 0644, 0, 0},
};

static struct lb_fake_power power;
static struct lb_fake_settings fake;
static struct lb_fake_root rom;
static struct sa archive;
static struct lb_settings_report report;

static void put(const char *path, enum lb_member_type type, const char *text)
{
	struct lb_fake_node n = {.type = type, .mode = 0644, .size = strlen(text)};

	(void)strcpy(n.path, path);
	memcpy(n.data, text, n.size);
	lb_fake_settings_poke(&fake, &n);
}

static int start(void **state)
{
	lb_fake_settings_release(&fake);
	power = (struct lb_fake_power){0};
	lb_fake_settings_init(&fake, &power);
	silence_log();
	put("etc", LB_MEMBER_DIR, "");
	put("etc/config", LB_MEMBER_DIR, "");
	put("etc/config/network", LB_MEMBER_FILE, "of the ROM");
	put("etc/passwd", LB_MEMBER_FILE, "root:x:0:0:root\nntp:x:123\n");
	put("www", LB_MEMBER_LINK, "");
	put(LB_OVERLAY_ARCHIVE, LB_MEMBER_FILE, "");
	rom = fake.stored;
	fake.rom = &rom;
	return sa_whole(&archive, members, COUNT(members), "a,b");
}

static void restore(void)
{
	const struct plat_settings p = lb_fake_settings_plat(&fake);

	lb_fake_power_on(&power);
	fake.archive = archive.bytes;
	fake.archive_size = archive.n;
	lb_settings_restore(&p, "a,b", &report);
}

static const struct lb_fake_node *at(const char *path)
{
	return lb_fake_root_find(&fake.stored, path);
}

static void assert_file(const char *path, const char *text, uint32_t mode, uint32_t uid)
{
	const struct lb_fake_node *n = at(path);

	assert_non_null(n);
	assert_int_equal(n->size, strlen(text));
	assert_memory_equal(n->data, text, n->size);
	assert_int_equal(n->mode, mode);
	assert_int_equal(n->uid, uid);
}

static void assert_all_restored(void)
{
	if (report.outcome != LB_SETTINGS_RESTORED)
		fail_msg("%s", report.why);
	assert_file("etc/dropbear/key", "secret key", 0600, 0);
	assert_file("etc/config/network", "option ipaddr 10.0.0.1\n", 0644, 0);
	assert_file("srv/www/index.html", "mine", 04750, 33);
	assert_file("etc/empty", "", 0444, 0);
	assert_file("etc/passwd", "root:x:0:0:mine\nntp:x:123\n", 0644, 0);
	assert_int_equal(at("etc/dropbear")->mode, 0700);
	assert_string_equal(at("etc/resolv.conf")->target, "../tmp/resolv.conf");
	assert_null(at(LB_OVERLAY_ARCHIVE));
	assert_null(at(LB_SETTINGS_STAGE));
}

/* Not one byte but the archive's name. */
static void assert_nothing_restored(enum lb_settings_outcome outcome, const char *archive_now)
{
	assert_int_equal(report.outcome, outcome);
	assert_true(report.why[0]);
	assert_non_null(at(archive_now));
	assert_file("etc/config/network", "of the ROM", 0644, 0);
	for (size_t i = 0; i < LB_FAKE_NODES; i++) {
		const char *path = fake.stored.nodes[i].path;

		if (path[0] && strncmp(path, LB_OVERLAY_ARCHIVE, strlen(LB_OVERLAY_ARCHIVE)) != 0 &&
		    !lb_fake_root_find(&rom, path))
			fail_msg("left behind: %s", path);
	}
}

static void restore__whole_archive__everything_is_there_and_the_archive_gone(void **state)
{
	restore();
	assert_all_restored();
	assert_int_equal(report.files, 6);
	assert_true(report.has_manifest);
	assert_string_equal(report.board, "a,b");
	assert_string_equal(report.date, "2026-11-21T06:00:00Z");
}

static void restore__openwrts_own_archive__everything_is_there(void **state)
{
	sa_plain(&archive, members, COUNT(members), 2);
	restore();
	assert_all_restored();
	assert_false(report.has_manifest);
}

static void restore__staging_of_an_earlier_attempt__is_cleared_first(void **state)
{
	put(LB_SETTINGS_STAGE, LB_MEMBER_DIR, "");
	put(LB_SETTINGS_STAGE "/0", LB_MEMBER_FILE, "half");
	put(LB_SETTINGS_STAGE "/99", LB_MEMBER_FILE, "half");
	restore();
	assert_all_restored();
}

static void restore__every_bit_flipped__nothing_of_a_wrong_archive_is_restored(void **state)
{
	static struct sa good;
	unsigned harmless = 0;

	good = archive;
	for (size_t bit = 0; bit < 8 * good.n; bit++) {
		assert_int_equal(start(NULL), 0);
		archive.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		restore();
		if (report.outcome == LB_SETTINGS_RESTORED) {
			assert_all_restored(); /* a time or a name in the header of gzip */
			harmless++;
			continue;
		}
		assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
	}
	assert_true(harmless < 8 * 10); /* of the ten bytes of that header */
}

static void restore__every_truncation__is_damaged(void **state)
{
	for (int plain = 0; plain < 2; plain++)
		for (size_t n = 0;; n++) {
			assert_int_equal(start(NULL), 0);
			if (plain)
				sa_plain(&archive, members, COUNT(members), 2);
			if (n == archive.n)
				break;
			archive.n = n;
			restore();
			assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
		}
}

/* Whole gzip around a tar that was cut, as a full disk leaves it. */
static void restore__tar_without_its_end__is_damaged(void **state)
{
	for (unsigned blocks = 0; blocks < 2; blocks++) {
		assert_int_equal(start(NULL), 0);
		sa_plain(&archive, members, COUNT(members), blocks);
		restore();
		assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
	}
}

static void restore__padded_with_zeros__is_whole__with_anything_else__is_damaged(void **state)
{
	memset(archive.bytes + archive.n, 0, 10000);
	archive.n += 10000;
	restore();
	assert_all_restored();
	assert_int_equal(start(NULL), 0);
	archive.bytes[archive.n++] = 0;
	archive.bytes[archive.n++] = 1;
	restore();
	assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
}

/* The manifest is right in itself; the archive around it was made by somebody else. */
static void restore__more_less_or_other_than_the_manifest__is_damaged(void **state)
{
	static struct sa plain;
	static char manifest[4096];
	struct lb_manifest head = {.board = "a,b", .count = 1};
	struct lb_member m = sa_member_of(&members[1]);
	uint8_t hash[LB_HASH_BYTES];
	int n;

	(void)crypto_hash_sha256(m.hash, (const uint8_t *)"secret key", 10);
	n = lb_manifest_put_head(manifest, sizeof(manifest), &head);
	n += lb_manifest_put_member(manifest + n, sizeof(manifest) - (size_t)n, &m);
	(void)crypto_hash_sha256(hash, (const uint8_t *)manifest, (unsigned)n);
	n += lb_manifest_put_end(manifest + n, sizeof(manifest) - (size_t)n, hash);
	manifest[n] = '\0';

	const struct sa_member it = {LB_MEMBER_FILE, LB_MANIFEST_PATH, manifest, 0600, 0, 0};
	struct sa_member other = members[1];
	const struct sa_member sets[][3] = {
		{it, members[1], members[5]}, {it, other, other}, {members[1], it, members[5]}};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(start(NULL), 0);
		sa_plain(&plain, sets[i], 3, 2);
		archive = plain;
		restore();
		assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
	}
	for (int change = 0; change < 6; change++) {
		struct sa_member wrong[] = {it, members[1]};

		assert_int_equal(start(NULL), 0);
		if (change == 1)
			wrong[1].text = "secret keX";
		else if (change == 2)
			wrong[1].mode = 0644;
		else if (change == 3)
			wrong[1].uid = 1;
		else if (change == 4)
			wrong[1].gid = 1;
		else if (change == 5)
			wrong[1].path = "etc/dropbear/kex";
		sa_plain(&archive, wrong, 2, 2);
		restore();
		if (change)
			assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
		else
			assert_int_equal(report.outcome, LB_SETTINGS_RESTORED);
	}
	/* Another board in the manifest, and its hash as it was. */
	assert_int_equal(start(NULL), 0);
	*strstr(manifest, "a,b") = 'x';
	sa_plain(&archive, (const struct sa_member[]){it, members[1]}, 2, 2);
	restore();
	assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
	*strstr(manifest, "x,b") = 'a';
	assert_int_equal(start(NULL), 0);
	sa_plain(&archive, &it, 1, 2);
	restore();
	assert_nothing_restored(LB_SETTINGS_DAMAGED, LB_OVERLAY_ARCHIVE ".damaged");
}

static void refused(const struct sa_member *t, size_t count)
{
	assert_int_equal(start(NULL), 0);
	sa_plain(&archive, t, count, 2);
	restore();
	assert_nothing_restored(LB_SETTINGS_REFUSED, LB_OVERLAY_ARCHIVE ".refused");
}

static void restore__paths_that_lead_elsewhere__are_refused(void **state)
{
	static const struct sa_member wrong[][2] = {
		{{LB_MEMBER_FILE, "/etc/shadow", "x", 0600, 0, 0}},
		{{LB_MEMBER_FILE, "etc/../../shadow", "x", 0600, 0, 0}},
		{{LB_MEMBER_FILE, "sysupgrade.tgz", "x", 0600, 0, 0}},
		{{LB_MEMBER_FILE, LB_SETTINGS_STAGE "/0", "x", 0600, 0, 0}},
		{{LB_MEMBER_FILE, "www/index.html", "x", 0600, 0, 0}}, /* a link of the ROM */
		{{LB_MEMBER_FILE, "etc", "x", 0600, 0, 0}},
		{{LB_MEMBER_DIR, "etc/passwd", "", 0755, 0, 0}},
		{{LB_MEMBER_DIR, "www", "", 0755, 0, 0}},
		{{LB_MEMBER_LINK, "x", "/", 0777, 0, 0}, {LB_MEMBER_FILE, "x/y", "", 0600, 0, 0}},
		{{LB_MEMBER_FILE, "x/y", "", 0600, 0, 0}, {LB_MEMBER_LINK, "x", "/", 0777, 0, 0}},
		{{LB_MEMBER_FILE, "x", "", 0600, 0, 0}, {LB_MEMBER_FILE, "x/y/z", "", 0600, 0, 0}},
		{{LB_MEMBER_DIR, "x", "", 0755, 0, 0}, {LB_MEMBER_FILE, "x", "", 0600, 0, 0}},
		{{LB_MEMBER_HARDLINK, "x", "etc/passwd", 0600, 0, 0}},
		{{LB_MEMBER_HARDLINK, "x", "../etc/passwd", 0600, 0, 0}},
		{{LB_MEMBER_LINK, "y", "x", 0777, 0, 0},
		 {LB_MEMBER_HARDLINK, "x", "y", 0600, 0, 0}},
	};

	for (size_t i = 0; i < COUNT(wrong); i++)
		refused(wrong[i], wrong[i][1].path ? 2 : 1);
}

static void restore__name_that_speaks_to_a_terminal__is_told_without_it(void **state)
{
	static const struct sa_member odd = {LB_MEMBER_FILE, "/\033[2J\xff", "", 0600, 0, 0};

	refused(&odd, 1);
	assert_string_equal(report.why, "holds a path that leads elsewhere: /?[2J?");
}

static void restore__hard_link_to_an_earlier_file__has_its_content(void **state)
{
	static const struct sa_member linked[] = {
		{LB_MEMBER_FILE, "etc/one", "twice", 0600, 7, 0},
		{LB_MEMBER_HARDLINK, "etc/two", "etc/one", 0600, 7, 0},
		{LB_MEMBER_FILE, "etc/one", "again", 0600, 8, 0}, /* the last of two counts */
	};

	sa_plain(&archive, linked, 2, 2);
	restore();
	assert_int_equal(report.outcome, LB_SETTINGS_RESTORED);
	assert_file("etc/two", "twice", 0600, 7);
	assert_int_equal(start(NULL), 0);
	sa_plain(&archive, linked, 3, 2);
	restore();
	assert_file("etc/one", "again", 0600, 8);
}

static void restore__another_board__is_refused_and_an_unknown_one_is_not(void **state)
{
	assert_int_equal(sa_whole(&archive, members, COUNT(members), "c,d"), 0);
	restore();
	assert_nothing_restored(LB_SETTINGS_REFUSED, LB_OVERLAY_ARCHIVE ".refused");
	assert_string_equal(report.why, "is of another board: of c,d, and this is a,b");
	assert_int_equal(start(NULL), 0);
	archive.n = 0;
	assert_int_equal(sa_whole(&archive, members, COUNT(members), "unknown"), 0);
	restore();
	assert_all_restored();
}

static void restore__no_room__nothing_restored_and_the_archive_stays(void **state)
{
	fake.free_bytes = 65536 + COUNT(members) * 4096;
	restore();
	assert_nothing_restored(LB_SETTINGS_FAILED, LB_OVERLAY_ARCHIVE);
	assert_non_null(strstr(report.why, "needs more room"));
	fake.free_bytes = 65536 + COUNT(members) * 2 * 4096;
	restore();
	assert_all_restored();
}

static void restore__an_account_of_the_rom_file_only__without_rom__is_not_missed(void **state)
{
	fake.rom = NULL;
	restore();
	assert_int_equal(report.outcome, LB_SETTINGS_RESTORED);
	assert_file("etc/passwd", "root:x:0:0:mine", 0644, 0);
}

static void verify__the_same_archives__is_of_the_same_opinion(void **state)
{
	const struct plat_settings p = lb_fake_settings_plat(&fake);

	lb_fake_power_on(&power);
	fake.archive = archive.bytes;
	fake.archive_size = archive.n;
	assert_int_equal(lb_settings_verify(&p.archive, NULL, NULL, &report), 0);
	assert_int_equal(report.files, 6);
	archive.bytes[archive.n / 2] ^= 1;
	assert_true(lb_settings_verify(&p.archive, NULL, NULL, &report) < 0);
	assert_true(report.why[0]);
}

static void manifest__of_a_newer_version__is_refused(void **state)
{
	static const struct sa_member newer = {
		LB_MEMBER_FILE, LB_MANIFEST_PATH, "lifeboat-settings 2\n", 0600, 0, 0};

	refused(&newer, 1);
	assert_string_equal(report.why, "was made by a newer version of Lifeboat");
}

#define fresh(f) cmocka_unit_test_setup(f, start)

TESTS(fresh(restore__whole_archive__everything_is_there_and_the_archive_gone),
      fresh(restore__openwrts_own_archive__everything_is_there),
      fresh(restore__staging_of_an_earlier_attempt__is_cleared_first),
      fresh(restore__every_bit_flipped__nothing_of_a_wrong_archive_is_restored),
      fresh(restore__every_truncation__is_damaged), fresh(restore__tar_without_its_end__is_damaged),
      fresh(restore__padded_with_zeros__is_whole__with_anything_else__is_damaged),
      fresh(restore__more_less_or_other_than_the_manifest__is_damaged),
      fresh(restore__paths_that_lead_elsewhere__are_refused),
      fresh(restore__name_that_speaks_to_a_terminal__is_told_without_it),
      fresh(restore__hard_link_to_an_earlier_file__has_its_content),
      fresh(restore__another_board__is_refused_and_an_unknown_one_is_not),
      fresh(restore__no_room__nothing_restored_and_the_archive_stays),
      fresh(restore__an_account_of_the_rom_file_only__without_rom__is_not_missed),
      fresh(verify__the_same_archives__is_of_the_same_opinion),
      fresh(manifest__of_a_newer_version__is_refused))
