#include "lifeboat/reset/stick_reset.h"

#include <stdio.h>

#include "base/log.h"
#include "plat/linux/files/tree.h"
#include "store/extroot.h"

void lb_stick_open(struct lb_stick *stick)
{
	*stick = (struct lb_stick){
		.pair = {.dir = LB_OVERLAY_DIR, .internal = LB_OVERLAY_INTERNAL_DIR}};
	stick->kind = lb_extroot_in_use(stick->device);
	stick->plat = lb_extrootdev_plat(&stick->pair);
}

int lb_stick_reset(const struct lb_stick *stick, uint64_t *entries)
{
	int rc;

	*entries = 0;
	if (stick->kind == LB_EXTROOT_ROOT)
		log_info("%s is the root and stays as it is: the router does not use it any more "
			 "after the reset",
			 stick->device);
	if (stick->kind != LB_EXTROOT_OVERLAY)
		return 0;
	log_info("extroot on %s is mounted as " LB_OVERLAY_DIR
		 ", erasing the overlay on it, no other files",
		 stick->device);
	rc = lb_extroot_reset_begin(&stick->plat, entries);
	if (rc < 0)
		log_warn("%s cannot be cleared: it %s", stick->device, lb_strerror(rc));
	return rc;
}

void lb_stick_reset_end(const struct lb_stick *stick)
{
	if (stick->kind == LB_EXTROOT_OVERLAY)
		lb_extroot_reset_end(&stick->plat);
}

static void print_path(void *ctx, const char *path)
{
	(void)puts(path);
}

int lb_stick_show(const struct lb_stick *stick)
{
	struct lb_tree_count count = {0};
	int rc;

	if (stick->kind != LB_EXTROOT_OVERLAY)
		return 0;
	rc = lb_tree_walk(LB_OVERLAY_DIR "/upper", NULL, print_path, NULL, &count);
	if (rc < 0)
		return rc;
	(void)fprintf(stderr,
		      "%llu entries, %llu bytes would be deleted on the extroot %s, and of the "
		      "internal overlay:\n",
		      (unsigned long long)count.entries, (unsigned long long)count.bytes,
		      stick->device);
	return 0;
}
