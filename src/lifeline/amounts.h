/* lifeline/amounts.h - bytes, speed and time left, said to a person (pure). */
#pragma once

#include <stdint.h>

#define LB_AMOUNT_MAX 24

/* "512 bytes", "43.5 KiB", "14.8 GiB" */
void lb_amount_bytes(char out[LB_AMOUNT_MAX], uint64_t bytes);

/* "7 s", "2:05", "1:02:05" */
void lb_amount_time(char out[LB_AMOUNT_MAX], uint64_t ms);

/* How fast it goes now: a disk takes the first bytes into its memory, and then slows down. */
struct lb_speed {
	uint64_t at_ms, done_bytes; /* when the rate was made */
	uint64_t bytes_per_s;	    /* 0 = not known yet */
};

#define LB_SPEED_STEP_MS 500 /* between two looks: less makes the figure jump */

void lb_speed_start(struct lb_speed *s, uint64_t now_ms, uint64_t done_bytes);
void lb_speed_step(struct lb_speed *s, uint64_t now_ms, uint64_t done_bytes);

/* Until all is done; UINT64_MAX = not known. */
uint64_t lb_speed_left_ms(const struct lb_speed *s, uint64_t done_bytes, uint64_t total_bytes);
