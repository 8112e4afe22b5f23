/* What the LED shows. OpenWrt's wiki promises in words that people count by: 5 blinks per second in
 * the window, 10 in failsafe, 2.5 for the rest of the boot. */
#include "tests/t.h"

#include "panel/led.h"

#define T0 123457u /* on no grid */

struct expected {
	enum lb_led pattern;
	uint64_t on_ms, off_ms;
	unsigned blinks_in_10_s;
};

static const struct expected blinking[] = {
	{LB_LED_WINDOW, 100, 100, 50},	{LB_LED_FAILSAFE, 50, 50, 100},
	{LB_LED_BOOTING, 200, 200, 25}, {LB_LED_WRITING, 200, 200, 25},
	{LB_LED_WORKING, 500, 500, 10}, {LB_LED_HELD, 100, 100, 50},
	{LB_LED_RESCUE, 1000, 1000, 5},
};

#define EACH(e) \
	for (const struct expected *e = blinking; e < blinking + sizeof(blinking) / sizeof(*e); e++)

static void led__every_blinking_pattern__has_each_edge_of_10_s_at_its_ms(void **state)
{
	EACH(e)
	{
		uint64_t edge, beat = e->on_ms + e->off_ms;
		unsigned blinks = 0;

		for (uint64_t t = 0; t < 10000; t++) {
			bool on = lb_led_level(e->pattern, T0, T0 + t, &edge);

			assert_int_equal(on, t % beat < e->on_ms);
			assert_int_equal(edge - T0,
					 t - t % beat + (t % beat < e->on_ms ? e->on_ms : beat));
			blinks += t % beat == 0;
		}
		assert_int_equal(blinks, e->blinks_in_10_s);
	}
}

static void led__steady_and_dark_patterns__never_change(void **state)
{
	for (uint64_t t = 0; t < 10000; t += 7) {
		uint64_t edge = 0;

		assert_true(lb_led_level(LB_LED_RUNNING, T0, T0 + t, &edge));
		assert_true(edge == LB_NEVER);
		edge = 0;
		assert_true(lb_led_level(LB_LED_STEADY, T0, T0 + t, &edge));
		assert_true(edge == LB_NEVER);
		edge = 0;
		assert_false(lb_led_level(LB_LED_DARK, T0, T0 + t, &edge));
		assert_true(edge == LB_NEVER);
	}
}

static void led__each_pattern_of_the_table__is_one_of_those_tested(void **state)
{
	assert_int_equal(LB_LED_COUNT, sizeof(blinking) / sizeof(blinking[0]) + 3);
}

/* Turris MOX is lit until it has booted: what blinks is a rescue mode. OpenWrt's routers blink. */
static void led__normal_boot_of_each_profile__as_its_users_know_it(void **state)
{
	const struct lb_profile_leds *openwrt = &lb_profile_leds[LB_PROFILE_OPENWRT];
	const struct lb_profile_leds *mox = &lb_profile_leds[LB_PROFILE_TURRIS_MOX];
	uint64_t edge;

	assert_int_equal(openwrt->start, LB_LED_DARK);
	assert_int_equal(openwrt->boot, LB_LED_BOOTING);
	assert_true(lb_led_level(mox->start, T0, T0 + 1, &edge));
	assert_true(edge == LB_NEVER);
	assert_int_equal(mox->boot, mox->start);
}

static uint32_t drawn(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* A caller that sleeps to each edge and wakes up to 20 ms late. */
static void led__caller_is_late_at_each_edge__rate_of_1000_beats_is_right_within_0_1_percent(
	void **state)
{
	EACH(e)
	{
		uint32_t seed = 1;
		uint64_t now = T0, edge, rose_first = 0, rose_last = 0;
		unsigned rises = 0;
		bool was = false;

		while (rises < 1001) {
			bool on = lb_led_level(e->pattern, T0, now, &edge);

			if (on && !was) {
				rose_first = rises == 0 ? now : rose_first;
				rose_last = now;
				rises++;
			}
			was = on;
			assert_true(edge > now);
			now = edge + drawn(&seed) % 21;
		}
		assert_in_range((rose_last - rose_first) * 1000 / 1000,
				(e->on_ms + e->off_ms) * 999, (e->on_ms + e->off_ms) * 1001);
	}
}

static void led__caller_misses_whole_beats__next_edge_lies_on_the_grid_again(void **state)
{
	EACH(e)
	{
		uint64_t beat = e->on_ms + e->off_ms, edge;

		assert_true(lb_led_level(e->pattern, T0, T0 + 17 * beat + 1, &edge));
		assert_int_equal(edge, T0 + 17 * beat + e->on_ms);
	}
}

static void led__after_50_days__times_do_not_wrap(void **state)
{
	const uint64_t later = 50ull * 24 * 3600 * 1000;
	uint64_t edge;

	assert_true(lb_led_level(LB_LED_FAILSAFE, T0, T0 + later, &edge));
	assert_true(edge == T0 + later + 50);
}

TESTS(unit(led__every_blinking_pattern__has_each_edge_of_10_s_at_its_ms),
      unit(led__steady_and_dark_patterns__never_change),
      unit(led__each_pattern_of_the_table__is_one_of_those_tested),
      unit(led__normal_boot_of_each_profile__as_its_users_know_it),
      unit(led__caller_is_late_at_each_edge__rate_of_1000_beats_is_right_within_0_1_percent),
      unit(led__caller_misses_whole_beats__next_edge_lies_on_the_grid_again),
      unit(led__after_50_days__times_do_not_wrap))
