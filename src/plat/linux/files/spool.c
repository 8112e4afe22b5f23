#include "plat/linux/files/spool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plat/linux/files/files.h"

uint64_t lb_spool_room(void)
{
	static const char key[] = "MemAvailable:";
	unsigned long long kib = 0;
	char text[8192];
	const char *at;

	if (lb_file_read("/proc/meminfo", text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, key);
	if (!at || sscanf(at + sizeof(key) - 1, "%llu", &kib) != 1)
		return 0;
	return (uint64_t)kib * 1024 / 2;
}

int lb_spool_begin(struct lb_spool *s, uint64_t room_bytes)
{
	*s = (struct lb_spool){.fd = memfd_create("image", MFD_CLOEXEC), .room_bytes = room_bytes};
	return s->fd < 0 ? LB_E(IO) : 0;
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
	size_t at = 0;

	while (at < n) {
		const ssize_t done = write(fd, data + at, n - at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return LB_E(IO);
		at += (size_t)done;
	}
	return 0;
}

void lb_spool_feed(struct lb_spool *s, const void *data, size_t n)
{
	s->size_bytes += n;
	if (s->fd >= 0 && (s->size_bytes > s->room_bytes || write_all(s->fd, data, n) < 0))
		lb_spool_closep(s);
}

void lb_spool_closep(struct lb_spool *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}
