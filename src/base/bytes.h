/* base/bytes.h - the only place that does pointer arithmetic on bytes from outside.
 *
 * A reader never reads past its end, a writer never writes past it. The first access that does not
 * fit sets `bad`; later reads return 0 and later writes do nothing. Check `bad` once, after the
 * last field. Neither owns its buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct lb_rd {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct lb_rd lb_rd_init(const void *buf, size_t n)
{
	return (struct lb_rd){.p = buf, .end = (const uint8_t *)buf + n};
}

static inline size_t lb_rd_left(const struct lb_rd *r)
{
	return (size_t)(r->end - r->p);
}

/* The next n bytes, or NULL (and bad) when there are fewer. */
static inline const uint8_t *lb_rd_take(struct lb_rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || lb_rd_left(r) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return p;
}

static inline uint64_t lb_rd_be(struct lb_rd *r, size_t width)
{
	const uint8_t *p = lb_rd_take(r, width);
	uint64_t v = 0;

	for (size_t i = 0; p && i < width; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint64_t lb_rd_le(struct lb_rd *r, size_t width)
{
	const uint8_t *p = lb_rd_take(r, width);
	uint64_t v = 0;

	for (size_t i = width; p && i > 0; i--)
		v = v << 8 | p[i - 1];
	return v;
}

static inline uint8_t lb_rd_u8(struct lb_rd *r)
{
	return (uint8_t)lb_rd_be(r, 1);
}

static inline uint16_t lb_rd_be16(struct lb_rd *r)
{
	return (uint16_t)lb_rd_be(r, 2);
}

static inline uint32_t lb_rd_be32(struct lb_rd *r)
{
	return (uint32_t)lb_rd_be(r, 4);
}

static inline uint32_t lb_rd_le32(struct lb_rd *r)
{
	return (uint32_t)lb_rd_le(r, 4);
}

static inline uint64_t lb_rd_le64(struct lb_rd *r)
{
	return lb_rd_le(r, 8);
}

/* Carve the next n bytes into a child, which cannot see past them; the parent skips them. */
static inline struct lb_rd lb_rd_sub(struct lb_rd *r, size_t n)
{
	const uint8_t *p = lb_rd_take(r, n);

	return p ? lb_rd_init(p, n) : (struct lb_rd){.bad = true};
}

/* Copy all that is left into a NUL-terminated string of `size` bytes. Bad when it does not fit or
 * holds a NUL; then the string is "". */
static inline void lb_rd_str(struct lb_rd *r, char *out, size_t size)
{
	size_t n = lb_rd_left(r);
	const uint8_t *p = lb_rd_take(r, n);

	out[0] = '\0';
	if (!p || n >= size || memchr(p, 0, n)) {
		r->bad = true;
		return;
	}
	memcpy(out, p, n);
	out[n] = '\0';
}

struct lb_wr {
	uint8_t *start, *p, *end;
	bool bad;
};

static inline struct lb_wr lb_wr_init(void *buf, size_t n)
{
	return (struct lb_wr){.start = buf, .p = buf, .end = (uint8_t *)buf + n};
}

static inline size_t lb_wr_used(const struct lb_wr *w)
{
	return (size_t)(w->p - w->start);
}

/* Room for n bytes, or NULL (and bad) when there is less. */
static inline uint8_t *lb_wr_take(struct lb_wr *w, size_t n)
{
	uint8_t *p = w->p;

	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return p;
}

static inline void lb_wr_be(struct lb_wr *w, uint64_t v, size_t width)
{
	uint8_t *p = lb_wr_take(w, width);

	for (size_t i = width; p && i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

static inline void lb_wr_le(struct lb_wr *w, uint64_t v, size_t width)
{
	uint8_t *p = lb_wr_take(w, width);

	for (size_t i = 0; p && i < width; i++, v >>= 8)
		p[i] = (uint8_t)v;
}

static inline void lb_wr_bytes(struct lb_wr *w, const void *data, size_t n)
{
	uint8_t *p = lb_wr_take(w, n);

	if (p && n > 0)
		memcpy(p, data, n);
}
