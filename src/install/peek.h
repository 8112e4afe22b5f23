/* install/peek.h - what a stream is, and how it begins, before any of it is used up. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/identify.h"
#include "install/source.h"

struct lb_peek {
	enum lb_image_kind packed; /* LB_IMAGE_NONE: it cannot be unpacked */
	/* Unpacked, if it can be; as much of it as was taken into memory gives. */
	uint8_t head[LB_IMAGE_HEAD_BYTES];
	size_t head_len;
};

/* `s` stands at its start, and does so afterwards. 0 or LB_E(IO). */
MUST_CHECK int lb_peek(struct lb_peek *out, struct lb_source *s);
