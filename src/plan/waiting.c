#include "plan/waiting.h"

#define TENTHS 10

uint64_t lb_waiting_told_ms(uint64_t waited_ms, uint64_t wait_ms, uint64_t hang_ms)
{
	const uint64_t usual_ms = wait_ms / TENTHS, longest_ms = hang_ms / 2;
	const uint64_t every_ms = usual_ms < longest_ms ? usual_ms : longest_ms;

	return every_ms ? waited_ms / every_ms * every_ms : waited_ms;
}
