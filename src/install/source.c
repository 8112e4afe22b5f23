#include "install/source.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/identify.h"
#include "plat/linux/files/spool.h"

#define SPOOL_PIECE 65536
#define SPOOL_MIN   (1ull << 20) /* what the stream is shows in its first bytes */

static uint64_t room_for_spool(void)
{
	const uint64_t room = lb_spool_room();

	return room > SPOOL_MIN ? room : SPOOL_MIN;
}

static ssize_t read_some(int fd, uint8_t *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		const ssize_t got = read(fd, buf + done, n - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return LB_E(IO);
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int spool(struct lb_source *s, uint64_t spool_max)
{
	static uint8_t buf[SPOOL_PIECE];
	CLEANUP(lb_spool_closep) struct lb_spool kept = {.fd = -1};
	bool ended = false;

	if (lb_spool_begin(&kept, spool_max) < 0)
		return LB_E(IO);
	while (!ended && kept.size_bytes < spool_max) {
		const uint64_t left = spool_max - kept.size_bytes;
		const size_t want = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		const ssize_t n = read_some(s->fd, buf, want);

		if (n < 0)
			return (int)n;
		lb_spool_feed(&kept, buf, (size_t)n);
		if (kept.fd < 0)
			return LB_E(NOSPC);
		ended = (size_t)n < want;
	}
	s->spooled_bytes = kept.size_bytes;
	s->spool_fd = lb_fd_take(&kept.fd);
	s->again = ended;
	s->total_bytes = ended ? s->spooled_bytes : 0;
	return lseek(s->spool_fd, 0, SEEK_SET) < 0 ? LB_E(IO) : 0;
}

int lb_source_open(struct lb_source *s, int fd, uint64_t spool_max)
{
	struct lb_source opened = LB_SOURCE_CLOSED;
	struct stat st;
	int rc = 0;

	opened.fd = fd;
	opened.start = lseek(fd, 0, SEEK_CUR);
	opened.again = opened.start >= 0 && fstat(fd, &st) == 0 &&
		       (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
	if (!opened.again)
		rc = spool(&opened, spool_max ? spool_max : room_for_spool());
	else if (S_ISREG(st.st_mode) && st.st_size > opened.start)
		opened.total_bytes = (uint64_t)(st.st_size - opened.start);
	if (rc < 0)
		lb_source_closep(&opened);
	else
		*s = opened;
	return rc;
}

int lb_source_descriptor(struct lb_source *s)
{
	const int rc = lb_source_rewind(s);

	if (rc < 0)
		return rc;
	return s->spool_fd >= 0 ? s->spool_fd : s->fd;
}

int lb_source_rewind(struct lb_source *s)
{
	if (!s->again && s->at_bytes > s->spooled_bytes)
		return LB_E(STATE);
	s->at_bytes = 0;
	if (s->spool_fd >= 0)
		return lseek(s->spool_fd, 0, SEEK_SET) < 0 ? LB_E(IO) : 0;
	return lseek(s->fd, s->start, SEEK_SET) < 0 ? LB_E(IO) : 0;
}

ssize_t lb_source_read(struct lb_source *s, void *buf, size_t n)
{
	ssize_t first = 0, rest = 0;

	if (s->spool_fd >= 0 && s->at_bytes < s->spooled_bytes) {
		first = read_some(s->spool_fd, buf, n);
		if (first < 0)
			return first;
	}
	if ((size_t)first < n && (s->spool_fd < 0 || !s->again)) {
		rest = read_some(s->fd, (uint8_t *)buf + first, n - (size_t)first);
		if (rest < 0)
			return rest;
	}
	s->at_bytes += (uint64_t)(first + rest);
	return first + rest;
}

int lb_source_hash(struct lb_source *s, uint8_t out[LB_SHA256_SIZE])
{
	static uint8_t buf[SPOOL_PIECE];
	struct lb_sha256 hash;
	ssize_t n;
	int rc = lb_source_rewind(s);

	if (rc < 0)
		return rc;
	lb_sha256_begin(&hash);
	while ((n = lb_source_read(s, buf, sizeof(buf))) > 0)
		lb_sha256_feed(&hash, buf, (size_t)n);
	if (n < 0)
		return (int)n;
	lb_sha256_end(&hash, out);
	return 0;
}

void lb_source_closep(struct lb_source *s)
{
	lb_fd_closep(&s->spool_fd);
	s->spool_fd = -1;
}

bool lb_source_is_archive(int fd)
{
	static uint8_t head[LB_IMAGE_HEAD_BYTES];
	struct lb_image image;
	const ssize_t n = pread(fd, head, sizeof(head), 0);

	return n > 0 && lb_image_identify(&image, head, (size_t)n) == 0 &&
	       image.kind == LB_IMAGE_TAR;
}
