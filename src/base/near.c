#include "base/near.h"

#include <string.h>

#define NEAR_MAX 63

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough. */
size_t lb_edit_distance(const char *a, const char *b)
{
	size_t rows[3][NEAR_MAX + 1];
	size_t a_len = strnlen(a, NEAR_MAX), b_len = strnlen(b, NEAR_MAX);

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

int lb_is_near(const char *typed, const char *meant)
{
	return lb_edit_distance(typed, meant) <= (strlen(meant) + 2) / 3;
}
