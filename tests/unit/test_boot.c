/* Where a boot goes: every combination of what can be sensed. */
#include "tests/t.h"

#include "plan/boot.h"

static const unsigned windows[] = {0, 1, 4000};

#define COMBINATIONS (3 * LB_POLICY_COUNT * 4 * 2 * 3)

static struct lb_boot_sense sense(unsigned n)
{
	struct lb_boot_sense s = {0};

	s.root = (enum lb_root_kind)(n % 3);
	n /= 3;
	s.policy = (enum lb_policy)(n % LB_POLICY_COUNT);
	n /= LB_POLICY_COUNT;
	s.failsafe_switch = (enum lb_cmdline_switch)(n % 4);
	n /= 4;
	s.failsafe_requested = n % 2;
	n /= 2;
	s.window_ms = windows[n % 3];
	return s;
}

static bool asked(const struct lb_boot_sense *s)
{
	return s->failsafe_switch == LB_SWITCH_ON || s->failsafe_requested;
}

static bool may_offer(const struct lb_boot_sense *s)
{
	return s->root == LB_ROOT_READONLY && s->policy != LB_POLICY_OFF;
}

static void boot__no_root__rescue_and_nothing_else_leads_there(void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);

		assert_int_equal(plan.state == LB_STATE_RESCUE, s.root == LB_ROOT_NONE);
		assert_int_equal(plan.reason == LB_REASON_NO_ROOT, s.root == LB_ROOT_NONE);
	}
}

/* A writable root has no untouched system to fall back to (OpenWrt's wiki: "Failsafe mode is only
 * available if you have installed firmware from a Squashfs image"). */
static void boot__policy_off_or_writable_root__never_offers_nor_enters_failsafe(void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);

		if (may_offer(&s))
			continue;
		assert_false(plan.failsafe_offered);
		assert_int_not_equal(plan.state, LB_STATE_FAILSAFE);
	}
}

static void boot__readonly_root_and_policy_on__always_offers_failsafe(void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);

		if (may_offer(&s))
			assert_true(plan.failsafe_offered);
	}
}

static void boot__asked_and_offered__failsafe_without_a_window_and_the_reason_names_who(
	void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);
		bool enters = asked(&s) && may_offer(&s);

		assert_int_equal(plan.state == LB_STATE_FAILSAFE, enters);
		if (!enters)
			continue;
		assert_false(plan.open_window);
		assert_int_equal(plan.reason, s.failsafe_switch == LB_SWITCH_ON
						      ? LB_REASON_CMDLINE
						      : LB_REASON_REQUEST);
	}
}

/* Without a root there is rescue, which gives more than what was asked for. */
static void boot__asked_but_not_offered__refused_and_a_normal_boot(void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);
		bool refused = asked(&s) && !may_offer(&s) && s.root != LB_ROOT_NONE;

		assert_int_equal(plan.refused, refused);
		if (refused)
			assert_int_equal(plan.state, LB_STATE_BOOTING);
	}
}

/* The window is also for the debug level: it opens where failsafe is not offered, too. */
static void boot__not_failsafe_and_a_root__window_opens_unless_its_length_is_0(void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);
		bool boots = s.root != LB_ROOT_NONE && !(asked(&s) && may_offer(&s));

		assert_int_equal(plan.open_window, boots && s.window_ms > 0);
		if (boots) {
			assert_int_equal(plan.state, LB_STATE_BOOTING);
			assert_int_equal(plan.reason, LB_REASON_WINDOW_OFF);
		}
	}
}

/* OpenWrt enters failsafe for any "failsafe=", even "failsafe=0".
 */
static void boot__failsafe_0_or_nonsense_on_the_command_line__asks_for_nothing(void **state)
{
	for (unsigned n = 0; n < COMBINATIONS; n++) {
		const struct lb_boot_sense s = sense(n);
		const struct lb_boot_plan plan = lb_boot_plan(&s);

		if (!s.failsafe_requested && s.failsafe_switch != LB_SWITCH_ON) {
			assert_false(plan.refused);
			assert_int_not_equal(plan.state, LB_STATE_FAILSAFE);
		}
	}
}

/* Rows that a person can check by eye. */
static void boot__well_known_cases__go_where_users_expect(void **state)
{
	static const struct {
		struct lb_boot_sense sense;
		enum lb_state state;
		enum lb_reason reason;
		bool window, offered, refused;
	} rows[] = {
		{{LB_ROOT_READONLY, LB_POLICY_OPEN, LB_SWITCH_UNSET, false, 4000},
		 LB_STATE_BOOTING,
		 LB_REASON_WINDOW_OFF,
		 true,
		 true,
		 false},
		{{LB_ROOT_READONLY, LB_POLICY_LOCKED, LB_SWITCH_UNSET, false, 0},
		 LB_STATE_BOOTING,
		 LB_REASON_WINDOW_OFF,
		 false,
		 true,
		 false},
		{{LB_ROOT_READONLY, LB_POLICY_OPEN, LB_SWITCH_ON, false, 4000},
		 LB_STATE_FAILSAFE,
		 LB_REASON_CMDLINE,
		 false,
		 true,
		 false},
		{{LB_ROOT_READONLY, LB_POLICY_LOCKED, LB_SWITCH_UNSET, true, 4000},
		 LB_STATE_FAILSAFE,
		 LB_REASON_REQUEST,
		 false,
		 true,
		 false},
		{{LB_ROOT_READONLY, LB_POLICY_OFF, LB_SWITCH_ON, false, 4000},
		 LB_STATE_BOOTING,
		 LB_REASON_WINDOW_OFF,
		 true,
		 false,
		 true},
		{{LB_ROOT_WRITABLE, LB_POLICY_OPEN, LB_SWITCH_UNSET, true, 4000},
		 LB_STATE_BOOTING,
		 LB_REASON_WINDOW_OFF,
		 true,
		 false,
		 true},
		{{LB_ROOT_NONE, LB_POLICY_OPEN, LB_SWITCH_ON, true, 4000},
		 LB_STATE_RESCUE,
		 LB_REASON_NO_ROOT,
		 false,
		 false,
		 false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lb_boot_plan plan = lb_boot_plan(&rows[i].sense);

		assert_int_equal(plan.state, rows[i].state);
		assert_int_equal(plan.reason, rows[i].reason);
		assert_int_equal(plan.open_window, rows[i].window);
		assert_int_equal(plan.failsafe_offered, rows[i].offered);
		assert_int_equal(plan.refused, rows[i].refused);
	}
}

TESTS(unit(boot__no_root__rescue_and_nothing_else_leads_there),
      unit(boot__policy_off_or_writable_root__never_offers_nor_enters_failsafe),
      unit(boot__readonly_root_and_policy_on__always_offers_failsafe),
      unit(boot__asked_and_offered__failsafe_without_a_window_and_the_reason_names_who),
      unit(boot__asked_but_not_offered__refused_and_a_normal_boot),
      unit(boot__not_failsafe_and_a_root__window_opens_unless_its_length_is_0),
      unit(boot__failsafe_0_or_nonsense_on_the_command_line__asks_for_nothing),
      unit(boot__well_known_cases__go_where_users_expect))
