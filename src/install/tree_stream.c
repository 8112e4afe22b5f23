#include "install/tree_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PIPE_BYTES (1 << 20) /* what one side may be ahead of the other */

static void put(struct lb_tree_stream *s, const uint8_t *data, size_t n)
{
	for (size_t done = 0; done < n && !s->given_up;) {
		ssize_t w = write(s->to, data + done, n - done);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			s->given_up = true;
		else
			done += (size_t)w;
	}
}

/* Archives are padded to whole blocks of some KiB. */
static void look_behind(struct lb_tree_stream *s, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n && s->behind_at == UINT64_MAX; i++)
		if (data[i] != 0)
			s->behind_at = s->tar_bytes + i;
}

static void sink(void *ctx, const uint8_t *data, size_t n)
{
	struct lb_tree_stream *s = ctx;
	const uint64_t before = s->walk.taken_bytes;
	size_t taken;

	lb_tar_feed(&s->walk, data, n);
	taken = (size_t)(s->walk.taken_bytes - before);
	if (lb_tar_end(&s->walk) == 0)
		look_behind(s, data + taken, n - taken);
	s->tar_bytes += n;
	put(s, data, n);
}

static void *run(void *ctx)
{
	struct lb_tree_stream *s = ctx;
	sigset_t pipe;
	ssize_t n;

	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	do {
		n = read(s->from, s->in, sizeof(s->in));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			s->error = lb_err_from_errno(errno);
		if (n > 0)
			lb_unpack_feed(&s->unpack, s->in, (size_t)n);
		atomic_fetch_add(&s->packed_bytes, n > 0 ? (uint64_t)n : 0);
	} while (n != 0 && s->error == 0 && s->unpack.error == 0 && !s->given_up);
	lb_fd_closep(&s->to);
	return NULL;
}

int lb_tree_stream_begin(struct lb_tree_stream *s, int archive_fd)
{
	int ends[2], rc;

	memset(s, 0, offsetof(struct lb_tree_stream, unpack));
	s->from = archive_fd;
	s->behind_at = UINT64_MAX;
	s->walk = lb_tar_init(NULL, NULL);
	rc = lb_unpack_open(&s->unpack, LB_IMAGE_GZIP, sink, s);
	if (rc < 0)
		return rc;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		lb_unpack_close(&s->unpack);
		return lb_err_from_errno(errno);
	}
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES); /* else it is 64 KiB, and slower */
	s->out = ends[0];
	s->to = ends[1];
	if (pthread_create(&s->thread, NULL, run, s) == 0)
		return 0;
	lb_fd_closep(&s->out);
	lb_fd_closep(&s->to);
	lb_unpack_close(&s->unpack);
	return LB_E(NOSPC);
}

int lb_tree_stream_end(struct lb_tree_stream *s, bool all)
{
	static uint8_t rest[4096];
	int rc;

	while (all && read(s->out, rest, sizeof(rest)) > 0)
		; /* the padding behind the end mark */
	lb_fd_closep(&s->out);
	(void)pthread_join(s->thread, NULL);
	rc = s->error ? s->error : s->unpack.error;
	if (rc == 0 && !s->given_up)
		rc = lb_unpack_end(&s->unpack);
	lb_unpack_close(&s->unpack);
	if (rc == 0)
		rc = s->walk.error;
	if (rc < 0 || s->given_up)
		return rc;
	rc = lb_tar_end(&s->walk);
	return rc == 0 && s->behind_at != UINT64_MAX ? LB_E(FORMAT) : rc;
}
