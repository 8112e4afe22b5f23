#include "plat/linux/disk/bootenv.h"

#include <errno.h>
#include <libuboot.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/files/files.h"

#define LOCK_DIR \
	"/var/lock" /* the library's lock file lies there; a small system has no such folder */
#define COPIES 2

static int env_get(void *ctx, const char *name, char *out, size_t size)
{
	const struct lb_bootenv *e = ctx;
	CLEANUP(lb_freep) char *value = libuboot_get_env(e->library, name);

	if (!value)
		return LB_E(NOENT);
	if (strlen(value) >= size)
		return LB_E(NOSPC);
	(void)strcpy(out, value);
	return 0;
}

static int env_set(void *ctx, const char *name, const char *value)
{
	const struct lb_bootenv *e = ctx;

	return libuboot_set_env(e->library, name, *value ? value : NULL) == 0 ? 0 : LB_E(IO);
}

struct pair {
	char *name, *value;
};

struct pairs {
	size_t count;
	struct pair *pair;
};

static void pairs_freep(struct pairs *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->pair[i].name);
		free(p->pair[i].value);
	}
	free(p->pair);
}

static int collect(struct pairs *p, struct uboot_ctx *library)
{
	for (void *at = NULL; (at = libuboot_iterator(library, at));) {
		struct pair *more = reallocarray(p->pair, p->count + 1, sizeof(*more));

		if (!more)
			return LB_E(IO);
		p->pair = more;
		more[p->count++] = (struct pair){.name = strdup(libuboot_getname(at)),
						 .value = strdup(libuboot_getvalue(at))};
		if (!more[p->count - 1].name || !more[p->count - 1].value)
			return LB_E(IO);
	}
	return 0;
}

/* Flash that is worn out takes what is written and keeps something else. */
static int is_there(struct uboot_ctx *library, const struct pairs *wanted)
{
	CLEANUP(pairs_freep) struct pairs found = {0};
	int rc = collect(&found, library);

	if (rc < 0 || found.count != wanted->count)
		return LB_E(IO);
	for (size_t i = 0; i < wanted->count; i++) {
		CLEANUP(lb_freep) char *value = libuboot_get_env(library, wanted->pair[i].name);

		if (!value || strcmp(value, wanted->pair[i].value) != 0)
			return LB_E(IO);
	}
	return 0;
}

static int load(struct uboot_ctx *library)
{
	int rc = libuboot_open(library);

	if (rc == 0)
		return 0;
	libuboot_close(library);
	return rc == -ENODATA ? LB_E(CRC) : LB_E(IO);
}

static int env_commit(void *ctx)
{
	const struct lb_bootenv *e = ctx;
	CLEANUP(pairs_freep) struct pairs wanted = {0};
	int rc = collect(&wanted, e->library);

	if (rc == 0 && libuboot_env_store(e->library) != 0)
		rc = LB_E(IO);
	if (rc < 0)
		return rc;
	libuboot_close(e->library);
	rc = load(e->library);
	return rc < 0 ? LB_E(IO) : is_there(e->library, &wanted);
}

static int configure(struct uboot_ctx *library, const struct lb_bootenv_place *places, size_t count)
{
	char path[COPIES][LB_PATH_MAX];
	struct uboot_env_device devices[COPIES] = {0};

	if (count > COPIES)
		return LB_E(FORMAT);
	for (size_t i = 0; i < count; i++) {
		const struct lb_bootenv_place *p = &places[i];
		const uint32_t sector = p->sector_bytes ? p->sector_bytes : p->size_bytes;
		int rc = lb_blockdev_find_raw(p->device, path[i], &lb_blockdev_roots);

		if (rc < 0)
			return rc;
		if (access(path[i], F_OK) < 0)
			return LB_E(NOENT);
		devices[i] = (struct uboot_env_device){
			.devname = path[i],
			.offset = (long long)p->off_bytes,
			.envsize = p->size_bytes,
			.sectorsize = sector,
			.envsectors = (p->size_bytes + sector - 1) / sector,
		};
	}
	return libuboot_configure(library, devices) == 0 ? 0 : LB_E(FORMAT);
}

static int configure_as_system(struct uboot_ctx *library)
{
	if (access(LB_BOOTENV_CONFIG, F_OK) < 0)
		return LB_E(NOENT);
	return libuboot_read_config(library, LB_BOOTENV_CONFIG) == 0 ? 0 : LB_E(FORMAT);
}

int lb_bootenv_open(struct lb_bootenv *e, struct plat_bootenv *out,
		    const struct lb_bootenv_place *places, size_t count)
{
	struct lb_bootenv opened = LB_BOOTENV_CLOSED;
	int rc = lb_dir_make(LOCK_DIR, 0755);

	if (rc < 0 || libuboot_initialize(&opened.library, NULL) != 0)
		return LB_E(IO);
	rc = count ? configure(opened.library, places, count) : configure_as_system(opened.library);
	if (rc == 0)
		rc = load(opened.library);
	if (rc < 0) {
		libuboot_exit(opened.library);
		return rc;
	}
	*e = opened;
	*out = (struct plat_bootenv){
		.ctx = e, .get = env_get, .set = env_set, .commit = env_commit};
	return 0;
}

void lb_bootenv_closep(struct lb_bootenv *e)
{
	if (!e->library)
		return;
	libuboot_close(e->library);
	libuboot_exit(e->library);
	e->library = NULL;
}
