#include "panel/led.h"

bool lb_led_level(enum lb_led pattern, uint64_t t0_ms, uint64_t now_ms, uint64_t *next_edge_ms)
{
	uint64_t on_ms = lb_led_patterns[pattern].on_ms;
	uint64_t beat_ms = on_ms + lb_led_patterns[pattern].off_ms;
	uint64_t into_ms;

	*next_edge_ms = LB_NEVER;
	if (beat_ms == on_ms)
		return on_ms > 0;
	into_ms = (now_ms - t0_ms) % beat_ms;
	*next_edge_ms = now_ms - into_ms + (into_ms < on_ms ? on_ms : beat_ms);
	return into_ms < on_ms;
}
