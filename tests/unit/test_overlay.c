/* How the writable overlay comes up: the plan step by step, for every content and every step that
 * fails. The rule above all others: what the owner wrote is not ours to erase. */
#include "tests/t.h"

#include "plan/overlay.h"

#define MIB 1048576ull

/* Which steps fail; the others succeed. */
#define FAILS(step) (1u << (step))

#define STEPS_MAX   12

struct course {
	enum lb_overlay_step steps[STEPS_MAX];
	size_t count;
	struct lb_overlay_plan plan;
};

static struct lb_overlay_sense sense(enum lb_overlay_content content)
{
	return (struct lb_overlay_sense){
		.has_device = true, .size_bytes = 64 * MIB, .content = content, .can_f2fs = true};
}

static bool over(enum lb_overlay_step step)
{
	return step == LB_STEP_DONE || step == LB_STEP_GIVE_UP;
}

/* What LB_STEP_ATTACH comes to. */
static int attached;

static struct course play(const struct lb_overlay_sense *s, unsigned fails)
{
	struct course c = {0};

	lb_overlay_begin(&c.plan, s);
	for (;;) {
		assert_true(c.count < STEPS_MAX);
		c.steps[c.count++] = c.plan.step;
		if (over(c.plan.step))
			return c;
		lb_overlay_next(&c.plan, fails & FAILS(c.plan.step)	 ? LB_E(IO)
					 : c.plan.step == LB_STEP_ATTACH ? attached
									 : 0);
	}
}

static size_t times(const struct course *c, enum lb_overlay_step step)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->steps[i] == step;
	return n;
}

static void assert_steps(const struct course *c, const enum lb_overlay_step *steps, size_t count)
{
	assert_int_equal(c->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(c->steps[i], steps[i]);
}

#define ASSERT_STEPS(c, ...)                                   \
	assert_steps(c, (enum lb_overlay_step[]){__VA_ARGS__}, \
		     sizeof((enum lb_overlay_step[]){__VA_ARGS__}) / sizeof(enum lb_overlay_step))

static void assert_why(const struct course *c, enum lb_overlay_why why)
{
	assert_int_equal(c->plan.why, why);
	assert_int_equal(c->plan.on_tmpfs, why != LB_WHY_NOTHING);
}

static void plan__good_overlay__mounted_and_nothing_else_touches_it(void **state)
{
	static const enum lb_overlay_content contents[] = {LB_CONTENT_EXT4, LB_CONTENT_F2FS};
	static const enum lb_overlay_fs fs[] = {LB_FS_EXT4, LB_FS_F2FS};

	for (unsigned i = 0; i < 2; i++) {
		struct lb_overlay_sense s = sense(contents[i]);

		/* What is there counts, not what its size would make of it. */
		for (s.size_bytes = 2 * MIB; s.size_bytes < 500 * MIB; s.size_bytes *= 3) {
			struct course c = play(&s, 0);

			ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_SWITCH, LB_STEP_DONE);
			assert_why(&c, LB_WHY_NOTHING);
			assert_int_equal(c.plan.fs, fs[i]);
		}
	}
}

static void plan__marker_blank_or_unfinished_formatting__formats_and_mounts(void **state)
{
	static const enum lb_overlay_content contents[] = {LB_CONTENT_DEADCODE, LB_CONTENT_BLANK};

	for (unsigned i = 0; i < 2; i++) {
		struct lb_overlay_sense s = sense(contents[i]);
		struct course c = play(&s, 0);

		ASSERT_STEPS(&c, LB_STEP_FORMAT, LB_STEP_MOUNT, LB_STEP_FORGET, LB_STEP_SWITCH,
			     LB_STEP_DONE);
		assert_true(c.plan.formatted);
		assert_why(&c, LB_WHY_NOTHING);
	}
	for (int content = LB_CONTENT_UNKNOWN; content <= LB_CONTENT_UBIFS; content++) {
		struct lb_overlay_sense s = sense((enum lb_overlay_content)content);

		s.format_pending = true;
		assert_int_equal(play(&s, 0).steps[0], LB_STEP_FORMAT);
	}
}

static void plan__formats__f2fs_above_100_mib_if_it_can_be_made(void **state)
{
	static const struct {
		uint64_t size_bytes;
		bool can_f2fs;
		enum lb_overlay_fs fs;
	} rows[] = {
		{MIB, true, LB_FS_EXT4},	   {100 * MIB, true, LB_FS_EXT4},
		{100 * MIB + 1, true, LB_FS_F2FS}, {100 * MIB + 1, false, LB_FS_EXT4},
		{1ull << 40, true, LB_FS_F2FS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_overlay_sense s = sense(LB_CONTENT_BLANK);

		s.size_bytes = rows[i].size_bytes;
		s.can_f2fs = rows[i].can_f2fs;
		assert_int_equal(play(&s, 0).plan.fs, rows[i].fs);
	}
}

static void plan__flash__file_system_by_the_kind_of_volume_and_whatever_its_size(void **state)
{
	static const struct {
		enum lb_volume kind;
		enum lb_overlay_content content;
		enum lb_overlay_fs fs;
	} rows[] = {{LB_VOLUME_MTD, LB_CONTENT_JFFS2, LB_FS_JFFS2},
		    {LB_VOLUME_UBI, LB_CONTENT_UBIFS, LB_FS_UBIFS}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint64_t size = 2 * MIB; size < 500 * MIB; size *= 3) {
			struct lb_overlay_sense s = sense(rows[i].content);
			struct course c;

			s.kind = rows[i].kind;
			s.size_bytes = size;
			c = play(&s, 0);
			ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_SWITCH, LB_STEP_DONE);
			assert_int_equal(c.plan.fs, rows[i].fs);
		}
	}
}

/* A UBI volume is emptied in a moment. Erasing NOR takes minutes, which nobody is to wait for. */
static void plan__flash_not_ready__ubi_is_formatted_and_nor_is_left_for_later(void **state)
{
	static const enum lb_overlay_content contents[] = {LB_CONTENT_DEADCODE, LB_CONTENT_BLANK,
							   LB_CONTENT_JFFS2, LB_CONTENT_UNKNOWN};

	for (unsigned i = 0; i < 4; i++) {
		struct lb_overlay_sense s = sense(contents[i]);
		struct course c;

		s.format_pending = i >= 2;
		s.kind = LB_VOLUME_UBI;
		c = play(&s, 0);
		ASSERT_STEPS(&c, LB_STEP_FORMAT, LB_STEP_MOUNT, LB_STEP_FORGET, LB_STEP_SWITCH,
			     LB_STEP_DONE);
		s.kind = LB_VOLUME_MTD;
		c = play(&s, 0);
		ASSERT_STEPS(&c, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
		assert_why(&c, LB_WHY_NOT_READY);
		assert_int_equal(c.plan.fs, LB_FS_JFFS2);
	}
}

static void plan__two_places_of_one_name__ram_and_neither_is_touched(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_DEADCODE);
	struct course c;

	s.refused = LB_WHY_AMBIGUOUS;
	c = play(&s, 0);
	ASSERT_STEPS(&c, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
	assert_why(&c, LB_WHY_AMBIGUOUS);
}

static void plan__place_that_must_not_be_used__ram_and_the_sentence_for_it(void **state)
{
	static const enum lb_overlay_why whys[] = {LB_WHY_NO_SUCH_NAME, LB_WHY_PROTECTED,
						   LB_WHY_UNREADABLE};

	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++) {
		struct lb_overlay_sense s = sense(LB_CONTENT_DEADCODE);
		struct course c;

		s.refused = whys[i];
		s.format_pending = true;
		c = play(&s, 0);
		ASSERT_STEPS(&c, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
		assert_why(&c, whys[i]);
	}
}

/* OpenWrt unpacks it and formats at once: cut in between, the settings are lost. */
static void plan__archive_at_the_start__never_formatted_whatever_asks_for_it(void **state)
{
	for (int pending = 0; pending < 2; pending++) {
		struct lb_overlay_sense s = sense(LB_CONTENT_ARCHIVE);
		struct course c;

		s.kind = LB_VOLUME_PARTITION;
		s.format_pending = pending;
		c = play(&s, 0);
		ASSERT_STEPS(&c, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
		assert_why(&c, LB_WHY_ARCHIVE);
	}
}

/* By the size of its own place: OpenWrt takes that of the disk around a partition (OpenWrt's
 * fstools, block_volume_format()), so that a small partition of a large eMMC becomes f2fs. */
static void plan__new_partition__file_system_by_the_size_of_the_partition(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_BLANK);

	s.kind = LB_VOLUME_PARTITION;
	s.size_bytes = LB_F2FS_ABOVE_BYTES;
	assert_int_equal(play(&s, 0).plan.fs, LB_FS_EXT4);
	s.size_bytes++;
	assert_int_equal(play(&s, 0).plan.fs, LB_FS_F2FS);
	s.can_f2fs = false;
	assert_int_equal(play(&s, 0).plan.fs, LB_FS_EXT4);
}

/* OpenWrt goes on with a read-only root when the mount fails. */
static void plan__damaged__checks_mounts_again_then_ram_with_the_reason(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_EXT4);
	struct course c = play(&s, FAILS(LB_STEP_MOUNT));

	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_CHECK, LB_STEP_MOUNT, LB_STEP_TMPFS, LB_STEP_SWITCH,
		     LB_STEP_DONE);
	assert_why(&c, LB_WHY_MOUNT_FAILED);
	c = play(&s, FAILS(LB_STEP_MOUNT) | FAILS(LB_STEP_CHECK));
	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_CHECK, LB_STEP_MOUNT, LB_STEP_TMPFS, LB_STEP_SWITCH,
		     LB_STEP_DONE);
}

static void plan__damaged_but_repairable__mounted_after_the_check(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_F2FS);
	struct lb_overlay_plan p;

	lb_overlay_begin(&p, &s);
	lb_overlay_next(&p, LB_E(IO));
	assert_int_equal(p.step, LB_STEP_CHECK);
	assert_int_equal(p.fs, LB_FS_F2FS);
	lb_overlay_next(&p, 1); /* e2fsck(8): repaired */
	assert_int_equal(p.step, LB_STEP_MOUNT);
	lb_overlay_next(&p, 0);
	assert_int_equal(p.step, LB_STEP_SWITCH);
	assert_int_equal(p.why, LB_WHY_NOTHING);
	assert_true(p.checked);
}

static void plan__unknown_bytes__checked_first_then_ram_and_never_formatted(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_UNKNOWN);
	struct course c = play(&s, FAILS(LB_STEP_MOUNT));

	ASSERT_STEPS(&c, LB_STEP_CHECK, LB_STEP_MOUNT, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
	assert_why(&c, LB_WHY_UNRECOGNISED);
}

static void plan__no_room_or_too_little__ram_and_the_device_is_not_touched(void **state)
{
	for (int content = LB_CONTENT_UNKNOWN; content <= LB_CONTENT_UBIFS; content++) {
		struct lb_overlay_sense none = sense((enum lb_overlay_content)content);
		struct lb_overlay_sense small = none;
		struct course c;

		none.has_device = false;
		none.format_pending = content % 2;
		small.size_bytes = LB_OVERLAY_MIN_BYTES - 1;
		c = play(&none, 0);
		ASSERT_STEPS(&c, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
		assert_why(&c, LB_WHY_NO_DEVICE);
		c = play(&small, 0);
		ASSERT_STEPS(&c, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
		assert_why(&c, LB_WHY_NO_DEVICE);
	}
}

static void plan__formatting_fails__ram_with_the_reason(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_DEADCODE);
	struct course c = play(&s, FAILS(LB_STEP_FORMAT));

	ASSERT_STEPS(&c, LB_STEP_FORMAT, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_DONE);
	assert_why(&c, LB_WHY_FORMAT_FAILED);
	assert_false(c.plan.formatted);
}

/* Or the next boot would erase what is saved in this one. */
static void plan__formatting_cannot_be_forgotten__ram_with_the_reason(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_DEADCODE);
	struct course c = play(&s, FAILS(LB_STEP_FORGET));

	ASSERT_STEPS(&c, LB_STEP_FORMAT, LB_STEP_MOUNT, LB_STEP_FORGET, LB_STEP_TMPFS,
		     LB_STEP_SWITCH, LB_STEP_DONE);
	assert_why(&c, LB_WHY_FORMAT_FAILED);
}

static void plan__overlayfs_missing__tries_ram_then_gives_up(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_EXT4);
	struct course c = play(&s, FAILS(LB_STEP_SWITCH));

	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_SWITCH, LB_STEP_TMPFS, LB_STEP_SWITCH,
		     LB_STEP_GIVE_UP);
	assert_int_equal(c.plan.why, LB_WHY_SWITCH_FAILED);
}

static void plan__ram_cannot_be_had_either__gives_up_and_keeps_the_reason(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_EXT4);
	struct course c = play(&s, FAILS(LB_STEP_MOUNT) | FAILS(LB_STEP_TMPFS));

	assert_int_equal(c.steps[c.count - 1], LB_STEP_GIVE_UP);
	assert_int_equal(c.plan.why, LB_WHY_MOUNT_FAILED);
}

static void check_rules(const struct lb_overlay_sense *s, const struct course *c)
{
	bool usable = s->has_device && s->size_bytes >= LB_OVERLAY_MIN_BYTES;
	bool may_format = usable && (s->format_pending || s->content == LB_CONTENT_DEADCODE ||
				     s->content == LB_CONTENT_BLANK);
	bool done = c->steps[c->count - 1] == LB_STEP_DONE;

	assert_int_equal(times(c, LB_STEP_FORMAT), may_format ? 1 : 0);
	assert_true(times(c, LB_STEP_CHECK) <= 1);
	assert_true(times(c, LB_STEP_MOUNT) <= 2);
	assert_true(times(c, LB_STEP_TMPFS) <= 1);
	if (!usable)
		assert_int_equal(times(c, LB_STEP_MOUNT) + times(c, LB_STEP_CHECK), 0);
	/* On RAM or not at all: somebody is told why. */
	assert_int_equal(c->plan.why != LB_WHY_NOTHING, !done || times(c, LB_STEP_TMPFS));
	assert_int_equal(lb_overlay_why_text(c->plan.why)[0] != '\0',
			 c->plan.why != LB_WHY_NOTHING);
}

static void plan__every_content_and_every_set_of_failing_steps__keeps_the_rules(void **state)
{
	static const uint64_t sizes[] = {0, LB_OVERLAY_MIN_BYTES, 100 * MIB, 200 * MIB};
	unsigned courses = 0;

	for (int content = LB_CONTENT_UNKNOWN; content <= LB_CONTENT_UBIFS; content++)
		for (unsigned bits = 0; bits < 4 * 8; bits++)
			for (unsigned fails = 0; fails < FAILS(LB_STEP_DONE); fails++) {
				struct lb_overlay_sense s = sense((enum lb_overlay_content)content);
				struct course c;

				s.size_bytes = sizes[bits % 4];
				s.has_device = bits & 4;
				s.format_pending = bits & 8;
				s.can_f2fs = bits & 16;
				c = play(&s, fails);
				check_rules(&s, &c);
				courses++;
			}
	print_message("courses of the plan: %u\n", courses);
}

static void fs_state__each_target_of_the_link__is_its_state_or_unknown(void **state)
{
	static const char *const others[] = {"0", "5", "", "12", "21", " 1", "2\n", "01", "ready"};

	assert_int_equal(lb_fs_state_parse("1"), LB_FS_STATE_PENDING);
	assert_int_equal(lb_fs_state_parse("2"), LB_FS_STATE_READY);
	assert_int_equal(lb_fs_state_parse("3"), LB_FS_STATE_RESET);
	assert_int_equal(lb_fs_state_parse("4"), LB_FS_STATE_RESET_ALL);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(lb_fs_state_parse(others[i]), LB_FS_STATE_UNKNOWN);
}

static void extroot__there__goes_over_the_internal_overlay(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_EXT4);
	struct course c;

	s.extroot = true;
	attached = LB_ATTACHED_STICK;
	c = play(&s, 0);
	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_ATTACH, LB_STEP_SWITCH, LB_STEP_DONE);
	assert_true(c.plan.attached && c.plan.why == LB_WHY_NOTHING);
	attached = LB_ATTACHED_RESET;
	c = play(&s, 0);
	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_ATTACH, LB_STEP_SWITCH, LB_STEP_DONE);
	assert_false(c.plan.attached);
	c = play(&s, FAILS(LB_STEP_ATTACH));
	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_ATTACH, LB_STEP_SWITCH, LB_STEP_DONE);
	assert_false(c.plan.attached);
	assert_why(&c, LB_WHY_NOTHING);
}

static void extroot__internal_overlay_is_damaged__stick_over_ram_and_the_reason(void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_EXT4);
	struct course c;

	s.extroot = true;
	attached = LB_ATTACHED_STICK;
	c = play(&s, FAILS(LB_STEP_MOUNT));
	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_CHECK, LB_STEP_MOUNT, LB_STEP_TMPFS, LB_STEP_ATTACH,
		     LB_STEP_SWITCH, LB_STEP_DONE);
	assert_true(c.plan.attached && c.plan.on_tmpfs);
	assert_why(&c, LB_WHY_MOUNT_FAILED);
}

static void extroot__cannot_go_over_the_root__internal_overlay_does_and_it_is_not_tried_again(
	void **state)
{
	struct lb_overlay_sense s = sense(LB_CONTENT_EXT4);
	struct course c;

	s.extroot = true;
	attached = LB_ATTACHED_STICK;
	c = play(&s, FAILS(LB_STEP_SWITCH));
	ASSERT_STEPS(&c, LB_STEP_MOUNT, LB_STEP_ATTACH, LB_STEP_SWITCH, LB_STEP_DETACH,
		     LB_STEP_SWITCH, LB_STEP_TMPFS, LB_STEP_SWITCH, LB_STEP_GIVE_UP);
	assert_false(c.plan.attached);
}

TESTS(unit(extroot__there__goes_over_the_internal_overlay),
      unit(extroot__internal_overlay_is_damaged__stick_over_ram_and_the_reason),
      unit(extroot__cannot_go_over_the_root__internal_overlay_does_and_it_is_not_tried_again),
      unit(plan__good_overlay__mounted_and_nothing_else_touches_it),
      unit(plan__marker_blank_or_unfinished_formatting__formats_and_mounts),
      unit(plan__formats__f2fs_above_100_mib_if_it_can_be_made),
      unit(plan__flash__file_system_by_the_kind_of_volume_and_whatever_its_size),
      unit(plan__flash_not_ready__ubi_is_formatted_and_nor_is_left_for_later),
      unit(plan__two_places_of_one_name__ram_and_neither_is_touched),
      unit(plan__place_that_must_not_be_used__ram_and_the_sentence_for_it),
      unit(plan__archive_at_the_start__never_formatted_whatever_asks_for_it),
      unit(plan__new_partition__file_system_by_the_size_of_the_partition),
      unit(plan__damaged__checks_mounts_again_then_ram_with_the_reason),
      unit(plan__damaged_but_repairable__mounted_after_the_check),
      unit(plan__unknown_bytes__checked_first_then_ram_and_never_formatted),
      unit(plan__no_room_or_too_little__ram_and_the_device_is_not_touched),
      unit(plan__formatting_fails__ram_with_the_reason),
      unit(plan__formatting_cannot_be_forgotten__ram_with_the_reason),
      unit(plan__overlayfs_missing__tries_ram_then_gives_up),
      unit(plan__ram_cannot_be_had_either__gives_up_and_keeps_the_reason),
      unit(plan__every_content_and_every_set_of_failing_steps__keeps_the_rules),
      unit(fs_state__each_target_of_the_link__is_its_state_or_unknown))
