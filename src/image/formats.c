/* What the parsers of several formats share. */
#include "image/formats.h"

void lb_image_text(char out[LB_NAME_MAX], struct lb_rd *r, size_t n)
{
	const uint8_t *text = lb_rd_take(r, n);
	size_t used = 0;

	for (size_t i = 0; text && i < n && text[i] && used < LB_NAME_MAX - 1; i++)
		out[used++] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
	out[used] = '\0';
}
