#include "lifeboat/fetch/pair.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "plat/linux/files/mounts.h"
#include "plat/linux/files/spool.h"

#define SIGNATURE_MAX_BYTES 8192 /* usign writes 150, a chain of certificates some hundreds */

/* In RAM whoever unpacks and writes afterwards needs some too. */
static uint64_t free_room(const char *file)
{
	char folder[LB_PATH_MAX];
	const char *slash = strrchr(file, '/');
	struct statvfs fs;
	uint64_t room, ram;

	(void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - file + 1) : 1,
		       slash ? file : ".");
	if (statvfs(folder, &fs) < 0)
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	ram = lb_spool_room();
	return lb_is_tmpfs(folder) && ram && ram < room ? ram : room;
}

/* Without what follows a '?' or '#'. */
static size_t path_len(const char *url)
{
	return strcspn(url, "?#");
}

void lb_url_name(const char *url, char out[LB_PATH_MAX])
{
	size_t end = path_len(url), start = end;

	while (start > 0 && url[start - 1] != '/')
		start--;
	(void)snprintf(out, LB_PATH_MAX, "%.*s", (int)(end - start), url + start);
}

static void say(void *ctx, const char *line)
{
	const struct lb_pair *p = ctx;

	p->say(p->ctx, line);
}

static void show_signature(void *ctx, uint64_t have_bytes, uint64_t whole_bytes)
{
	const struct lb_pair *p = ctx;

	p->progress(p->ctx, 0, 0);
}

static void show_image(void *ctx, uint64_t have_bytes, uint64_t whole_bytes)
{
	const struct lb_pair *p = ctx;

	p->progress(p->ctx, have_bytes, whole_bytes);
}

enum lb_fetch_end lb_pair_get(const struct lb_pair *p, char why[LB_SENTENCE_MAX])
{
	char signature_url[LB_PATH_MAX * 4];
	struct lb_download d = {.url = signature_url,
				.path = p->signature,
				.cacert = p->cacert,
				.any_certificate = lb_clock_is_wrong(),
				.room_bytes = SIGNATURE_MAX_BYTES,
				.say = say,
				.progress = show_signature,
				.ctx = (void *)(uintptr_t)p};
	enum lb_fetch_end end;

	if (snprintf(signature_url, sizeof(signature_url), "%.*s.sig%s", (int)path_len(p->url),
		     p->url, p->url + path_len(p->url)) >= (int)sizeof(signature_url)) {
		(void)snprintf(why, LB_SENTENCE_MAX, "the address is too long");
		return LB_FETCH_END_REFUSED;
	}
	if (d.any_certificate)
		p->say(p->ctx, "the clock of this device was not set: the server's certificate is "
			       "not checked, only the signature of the image");
	/* Small, and without it the image is of no use. */
	end = lb_download(&d, why);
	if (end != LB_FETCH_END_GOT)
		return end;
	d.url = p->url;
	d.path = p->image;
	d.room_bytes = free_room(p->image);
	d.progress = show_image;
	return lb_download(&d, why);
}
