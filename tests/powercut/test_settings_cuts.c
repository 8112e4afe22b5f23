/* Settings restored with the power cut, or an error, at each operation, and the next attempt cut at
 * each operation as well. In between every file is the old or the new one, never a part; the
 * archive is there until all of it is in place; in the end all is. */
#include "tests/t.h"

#include <inttypes.h>
#include <stdio.h>

#include "plat/fake/settings.h"
#include "store/settings.h"
#include "tests/settings_archive.h"
#include "tests/silent.h"

static const struct sa_member members[] = {
	{LB_MEMBER_DIR, "etc/dropbear", "", 0700, 0, 0},
	{LB_MEMBER_FILE, "etc/dropbear/key", "secret key", 0600, 0, 0},
	{LB_MEMBER_FILE, "etc/network", "mine", 0644, 0, 0},
	{LB_MEMBER_LINK, "etc/resolv", "../tmp/resolv", 0777, 0, 0},
	{LB_MEMBER_FILE, "etc/passwd", "root:x:mine", 0640, 1, 2},
	{LB_MEMBER_HARDLINK, "etc/again", "etc/network", 0644, 0, 0},
};

static struct lb_fake_power power;
static struct lb_fake_settings fake;
static struct lb_fake_root rom, first, begin, wanted;
static struct sa archive;
static struct lb_settings_report report;
static struct plat_settings p;

static void put(const char *path, enum lb_member_type type, const char *text)
{
	struct lb_fake_node n = {.type = type, .mode = 0755, .size = strlen(text)};

	(void)strcpy(n.path, path);
	memcpy(n.data, text, n.size);
	lb_fake_settings_poke(&fake, &n);
}

/* As the boot does it: only an archive that is there is restored. */
static void boot(void *ctx)
{
	lb_fake_settings_reboot(&fake);
	report = (struct lb_settings_report){0};
	if (lb_fake_root_find(&fake.seen, LB_OVERLAY_ARCHIVE))
		lb_settings_restore(&p, "a,b", &report);
}

static bool same(const struct lb_fake_node *a, const struct lb_fake_node *b)
{
	if (!a || !b)
		return a == b;
	return a->type == b->type && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->size == b->size && memcmp(a->data, b->data, a->size) == 0 &&
	       strcmp(a->target, b->target) == 0;
}

static bool is_staging(const char *path)
{
	return strncmp(path, LB_SETTINGS_STAGE, strlen(LB_SETTINGS_STAGE)) == 0;
}

/* Every file is the one before or the one after; a directory may not have its mode yet. */
static const char *check_no_part(void)
{
	for (size_t i = 0; i < LB_FAKE_NODES; i++) {
		const struct lb_fake_node *n = &fake.stored.nodes[i];

		if (!n->path[0] || is_staging(n->path) || n->type == LB_MEMBER_DIR)
			continue;
		if (!same(n, lb_fake_root_find(&first, n->path)) &&
		    !same(n, lb_fake_root_find(&wanted, n->path)))
			return "a file is neither the old nor the new one";
	}
	return NULL;
}

static const char *check_all_there(void)
{
	for (size_t i = 0; i < LB_FAKE_NODES; i++) {
		const char *now = fake.stored.nodes[i].path, *then = wanted.nodes[i].path;

		if (now[0] && !lb_fake_root_find(&wanted, now))
			return "something is left that does not belong there";
		if (then[0] &&
		    !same(lb_fake_root_find(&fake.stored, then), lb_fake_root_find(&wanted, then)))
			return "not everything is restored";
	}
	return NULL;
}

static const char *check_after_cut(void *ctx)
{
	const char *wrong = check_no_part();

	if (!wrong && !lb_fake_root_find(&fake.stored, LB_OVERLAY_ARCHIVE))
		wrong = check_all_there();
	if (wrong)
		return wrong;
	boot(NULL);
	return check_all_there();
}

static void put_world_back(void *ctx)
{
	fake.stored = begin;
	lb_fake_settings_reboot(&fake);
}

static const struct lb_fake_scenario cuts_of_begin = {
	.setup = put_world_back, .run = boot, .check = check_after_cut};

static int start(void **state)
{
	bool plain = *state;

	lb_fake_settings_release(&fake);
	power = (struct lb_fake_power){0};
	lb_fake_settings_init(&fake, &power);
	silence_log();
	put("etc", LB_MEMBER_DIR, "");
	put("etc/network", LB_MEMBER_FILE, "of the ROM");
	put("etc/passwd", LB_MEMBER_FILE, "root:x\nntp:y\n");
	put("etc/other", LB_MEMBER_FILE, "stays");
	rom = fake.stored;
	fake.rom = &rom;
	put(LB_OVERLAY_ARCHIVE, LB_MEMBER_FILE, "");
	begin = first = fake.stored;
	if (plain)
		sa_plain(&archive, members, COUNT(members), 2);
	else if (sa_whole(&archive, members, COUNT(members) - 1, "a,b") < 0)
		return -1;
	fake.archive = archive.bytes;
	fake.archive_size = archive.n;
	p = lb_fake_settings_plat(&fake);
	boot(NULL);
	wanted = fake.stored;
	return report.outcome == LB_SETTINGS_RESTORED ? 0 : -1;
}

static int start_plain(void **state)
{
	static int yes;

	*state = &yes;
	return start(state);
}

static void restore__cut_at_every_operation__is_done_by_the_next_boot(void **state)
{
	uint64_t cuts = lb_fake_power_cuts(&power, &cuts_of_begin);

	print_message("power cuts: %" PRIu64 "\n", cuts);
	assert_true(cuts > 500);
}

static void put_first_world_back(void *ctx)
{
	begin = first;
	put_world_back(NULL);
}

static void keep_what_is_left(void *ctx)
{
	begin = fake.stored;
}

static void restore__cut_again_in_the_next_boot__is_done_by_the_one_after(void **state)
{
	static const struct lb_fake_scenario whole = {.setup = put_first_world_back, .run = boot};
	uint64_t cuts = lb_fake_power_cuts_again(
		&power, &(struct lb_fake_again){&whole, keep_what_is_left, &cuts_of_begin});

	print_message("power cuts in the boot after a power cut: %" PRIu64 "\n", cuts);
	assert_true(cuts > 10000);
}

static bool is_untouched(void)
{
	for (size_t i = 0; i < LB_FAKE_NODES; i++)
		if (first.nodes[i].path[0] &&
		    !same(&first.nodes[i], lb_fake_root_find(&fake.seen, first.nodes[i].path)))
			return false;
	return true;
}

/* The boot goes on after an error: it is told what is true. */
static const char *check_after_failure(void *ctx)
{
	const char *wrong = check_no_part();

	if (wrong)
		return wrong;
	if (report.outcome != LB_SETTINGS_RESTORED && report.outcome != LB_SETTINGS_FAILED &&
	    report.outcome != LB_SETTINGS_PARTIAL)
		return "an error of the disk is taken for a bad archive";
	if (report.outcome == LB_SETTINGS_FAILED && !is_untouched())
		return "told as nothing restored, and something is";
	if (report.outcome != LB_SETTINGS_RESTORED &&
	    (!report.why[0] || !lb_fake_root_find(&fake.seen, LB_OVERLAY_ARCHIVE)))
		return "the archive is gone, or there is no reason";
	(void)p.sync(p.ctx);
	boot(NULL);
	return check_all_there();
}

static void restore__every_operation_fails__is_told_and_done_by_the_next_boot(void **state)
{
	static const struct lb_fake_scenario failures = {
		.setup = put_world_back, .run = boot, .check = check_after_failure};
	uint64_t fails = lb_fake_power_fails(&power, &failures);

	print_message("operations that failed: %" PRIu64 "\n", fails);
	assert_true(fails > 30);
}

#define fresh(f) cmocka_unit_test_setup(f, start)
#define plain(f)                                                \
	{                                                       \
#f " (no manifest)", f, start_plain, NULL, NULL \
	}

TESTS(fresh(restore__cut_at_every_operation__is_done_by_the_next_boot),
      plain(restore__cut_at_every_operation__is_done_by_the_next_boot),
      fresh(restore__cut_again_in_the_next_boot__is_done_by_the_one_after),
      fresh(restore__every_operation_fails__is_told_and_done_by_the_next_boot),
      plain(restore__every_operation_fails__is_told_and_done_by_the_next_boot))
