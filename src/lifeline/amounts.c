#include "lifeline/amounts.h"

#include <stdio.h>

void lb_amount_bytes(char out[LB_AMOUNT_MAX], uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t tenths;
	size_t unit = 0;

	if (bytes < 1024) {
		(void)snprintf(out, LB_AMOUNT_MAX, "%u bytes", (unsigned)bytes);
		return;
	}
	while (bytes >> 10 >= 1024) {
		bytes >>= 10;
		unit++;
	}
	tenths = bytes * 10 / 1024;
	if (tenths % 10 == 0 || tenths >= 1000)
		(void)snprintf(out, LB_AMOUNT_MAX, "%u %s", (unsigned)(tenths / 10), units[unit]);
	else
		(void)snprintf(out, LB_AMOUNT_MAX, "%u.%u %s", (unsigned)(tenths / 10),
			       (unsigned)(tenths % 10), units[unit]);
}

void lb_amount_time(char out[LB_AMOUNT_MAX], uint64_t ms)
{
	const uint64_t s = (ms + 999) / 1000;
	const unsigned seconds = (unsigned)(s % 60), minutes = (unsigned)(s / 60 % 60);
	const unsigned hours = s / 3600 > 999 ? 999 : (unsigned)(s / 3600);

	if (hours > 0)
		(void)snprintf(out, LB_AMOUNT_MAX, "%u:%02u:%02u", hours, minutes, seconds);
	else if (minutes > 0)
		(void)snprintf(out, LB_AMOUNT_MAX, "%u:%02u", minutes, seconds);
	else
		(void)snprintf(out, LB_AMOUNT_MAX, "%u s", seconds);
}

void lb_speed_start(struct lb_speed *s, uint64_t now_ms, uint64_t done_bytes)
{
	*s = (struct lb_speed){.at_ms = now_ms, .done_bytes = done_bytes};
}

void lb_speed_step(struct lb_speed *s, uint64_t now_ms, uint64_t done_bytes)
{
	const uint64_t passed_ms = now_ms - s->at_ms;
	uint64_t now;

	if (passed_ms < LB_SPEED_STEP_MS || done_bytes < s->done_bytes)
		return;
	now = (done_bytes - s->done_bytes) / passed_ms * 1000;
	/* Half a minute ago hardly counts any more. */
	s->bytes_per_s = s->bytes_per_s == 0 ? now : (s->bytes_per_s * 7 + now) / 8;
	s->at_ms = now_ms;
	s->done_bytes = done_bytes;
}

uint64_t lb_speed_left_ms(const struct lb_speed *s, uint64_t done_bytes, uint64_t total_bytes)
{
	if (s->bytes_per_s == 0 || done_bytes > total_bytes)
		return UINT64_MAX;
	return (total_bytes - done_bytes) / s->bytes_per_s * 1000 +
	       (total_bytes - done_bytes) % s->bytes_per_s * 1000 / s->bytes_per_s;
}
