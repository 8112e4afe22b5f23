#include "plan/http_head.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

struct span {
	const char *p;
	size_t n;
};

/* What stands in an answer, before it is weighed. */
struct found {
	struct lb_http_head head;
	uint64_t length_bytes;
	struct span etag, modified;
};

static bool take_line(struct lb_rd *r, struct span *out)
{
	const size_t left = lb_rd_left(r);
	const uint8_t *end = left ? memchr(r->p, '\n', left) : NULL;
	const size_t n = end ? (size_t)(end - r->p) : left;

	if (left == 0)
		return false;
	*out = (struct span){.p = (const char *)lb_rd_take(r, n), .n = n};
	if (end)
		(void)lb_rd_u8(r);
	while (out->n > 0 && (out->p[out->n - 1] == '\r' || out->p[out->n - 1] == ' '))
		out->n--;
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of the line when it has this name (in lower case, with its colon). */
static bool has_name(struct span line, const char *name, struct span *value)
{
	const size_t n = strlen(name);

	if (line.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (lower(line.p[i]) != name[i])
			return false;
	*value = (struct span){.p = line.p + n, .n = line.n - n};
	while (value->n > 0 && (*value->p == ' ' || *value->p == '\t'))
		*value = (struct span){.p = value->p + 1, .n = value->n - 1};
	return true;
}

/* Digits at the front; how many there were. 0 also for what no file is as long as. */
static size_t number(struct span s, uint64_t *out)
{
	uint64_t v = 0;
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9') {
		if (v > UINT64_MAX / 100)
			return 0;
		v = v * 10 + (uint64_t)(s.p[n++] - '0');
	}
	if (n > 0)
		*out = v;
	return n;
}

/* "bytes 100-199/200", "bytes 100-199/" and a star, "bytes *" and "/200" */
static void read_range(struct found *f, struct span v)
{
	struct span rest;
	const char *slash = v.n ? memchr(v.p, '/', v.n) : NULL;

	if (!has_name(v, "bytes ", &rest))
		return;
	(void)number(rest, &f->head.start_bytes);
	if (!slash)
		return;
	(void)number((struct span){.p = slash + 1, .n = (size_t)(v.p + v.n - slash - 1)},
		     &f->head.whole_bytes);
}

static void read_status(struct found *f, struct span line)
{
	const char *blank = memchr(line.p, ' ', line.n);
	uint64_t status = 0;

	*f = (struct found){0};
	if (blank &&
	    number((struct span){.p = blank + 1, .n = (size_t)(line.p + line.n - blank - 1)},
		   &status) == 3)
		f->head.status = (unsigned)status;
}

static bool fits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n > 0 && s.n < LB_VALIDATOR_MAX;
}

static void weigh(struct found *f)
{
	struct lb_http_head *h = &f->head;
	/* A weak tag (W/"...") stands for files that are nearly the same. */
	const bool strong = fits(f->etag) && f->etag.p[0] == '"';
	const struct span chosen = strong ? f->etag : f->modified;

	if (fits(chosen))
		memcpy(h->validator, chosen.p, chosen.n);
	if (h->status == 200)
		h->whole_bytes = f->length_bytes;
}

int lb_http_head_parse(struct lb_http_head *out, const void *text, size_t n)
{
	struct lb_rd r = lb_rd_init(text, n);
	struct found f = {0};
	struct span line, value;

	while (take_line(&r, &line)) {
		if (has_name(line, "http/", &value))
			read_status(&f, line);
		else if (has_name(line, "etag:", &value))
			f.etag = value;
		else if (has_name(line, "last-modified:", &value))
			f.modified = value;
		else if (has_name(line, "content-length:", &value))
			(void)number(value, &f.length_bytes);
		else if (has_name(line, "content-range:", &value))
			read_range(&f, value);
	}
	if (f.head.status == 0)
		return LB_E(FORMAT);
	weigh(&f);
	*out = f.head;
	return 0;
}
