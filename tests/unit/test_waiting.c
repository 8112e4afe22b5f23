#include "tests/t.h"

#include "plan/waiting.h"

#define LOOK_MS 1000

struct heard {
	unsigned times;
	uint64_t silence_ms; /* the longest */
};

/* Somebody looks each second, and says what has changed. */
static struct heard play(uint64_t wait_ms, uint64_t hang_ms)
{
	struct heard h = {0};
	uint64_t last_ms = UINT64_MAX, said_ms = 0;

	for (uint64_t now_ms = 0; now_ms <= wait_ms; now_ms += LOOK_MS) {
		const uint64_t told_ms = lb_waiting_told_ms(now_ms, wait_ms, hang_ms);

		assert_true(told_ms <= now_ms);
		if (now_ms - said_ms > h.silence_ms)
			h.silence_ms = now_ms - said_ms;
		if (told_ms == last_ms)
			continue;
		h.times++;
		last_ms = told_ms;
		said_ms = now_ms;
	}
	return h;
}

static void waiting__long_time_to_hang__is_told_in_tenths(void **state)
{
	assert_int_equal(play(30000, 900000).times, 11);
	assert_int_equal(play(600000, 900000).times, 11);
	assert_int_equal(play(3600000, 900000).times, 11);
}

static void waiting__any_board__is_never_silent_for_as_long_as_a_mode_that_hangs(void **state)
{
	for (uint64_t hang_s = 10; hang_s <= 1000; hang_s += 7)
		for (uint64_t wait_s = 1; wait_s <= 3600; wait_s += 13) {
			const struct heard h = play(wait_s * 1000, hang_s * 1000);

			assert_true(h.silence_ms <= hang_s * 1000 / 2 + LOOK_MS);
		}
}

static void waiting__nothing_to_divide__is_told_as_it_is(void **state)
{
	assert_int_equal(lb_waiting_told_ms(7, 0, 10000), 7);
	assert_int_equal(lb_waiting_told_ms(7, 9, 10000), 7);
	assert_int_equal(lb_waiting_told_ms(7, 1000, 1), 7);
}

TESTS(unit(waiting__long_time_to_hang__is_told_in_tenths),
      unit(waiting__any_board__is_never_silent_for_as_long_as_a_mode_that_hangs),
      unit(waiting__nothing_to_divide__is_told_as_it_is))
