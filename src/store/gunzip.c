#include "store/gunzip.h"

#define GZIP_ONLY (16 + MAX_WBITS) /* neither a bare zlib stream nor a guess */

static int fail(struct lb_gunzip *g, int err, const char *why)
{
	g->why = why;
	return err;
}

int lb_gunzip_begin(struct lb_gunzip *g, const struct plat_archive *from)
{
	int rc = from->rewind(from->ctx);

	*g = (struct lb_gunzip){.from = from};
	if (rc < 0)
		return fail(g, rc, "cannot be read");
	if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK)
		return fail(g, LB_E(NOSPC), "needs more memory than there is");
	g->begun = true;
	return 0;
}

/* More input: how much there is now. */
static int fill(struct lb_gunzip *g)
{
	int got;

	if (g->z.avail_in > 0)
		return (int)g->z.avail_in;
	got = g->from->read(g->from->ctx, g->in, sizeof(g->in));
	if (got < 0)
		return fail(g, got, "cannot be read");
	g->z.next_in = g->in;
	g->z.avail_in = (unsigned)got;
	return got;
}

/* Behind the end only zeros may follow, which flash and block devices are padded with. */
static int judge_rest(struct lb_gunzip *g)
{
	int got;

	while ((got = fill(g)) > 0) {
		for (unsigned i = 0; i < g->z.avail_in; i++)
			if (g->z.next_in[i] != 0)
				return fail(g, LB_E(FORMAT), "goes on behind its end");
		g->z.avail_in = 0;
	}
	g->at_end = got == 0;
	return got;
}

int lb_gunzip_read(struct lb_gunzip *g, void *buf, size_t n)
{
	g->z.next_out = buf;
	g->z.avail_out = (unsigned)n;
	while (!g->at_end && g->z.avail_out == n) {
		int got = fill(g), rc;

		if (got < 0)
			return got;
		if (got == 0)
			return fail(g, LB_E(TRUNC), "ends early");
		rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc == Z_STREAM_END)
			rc = judge_rest(g);
		else if (rc != Z_OK)
			return fail(g, rc == Z_MEM_ERROR ? LB_E(NOSPC) : LB_E(CRC),
				    g->z.total_out == 0 ? "is not gzip" : "is damaged (gzip)");
		if (rc < 0)
			return rc;
	}
	return (int)(n - g->z.avail_out);
}

void lb_gunzip_end(struct lb_gunzip *g)
{
	if (g->begun)
		(void)inflateEnd(&g->z);
	g->begun = false;
}
