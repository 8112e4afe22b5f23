#include "plat/linux/disk/target_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "plat/linux/files/mounts.h"

int lb_target_refuse(char why[LB_SENTENCE_MAX], int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, LB_SENTENCE_MAX, fmt, args);
	va_end(args);
	return err;
}

int lb_target_say_busy(const char *node, char why[LB_SENTENCE_MAX])
{
	char where[LB_PATH_MAX];
	struct stat st;

	if (stat(node, &st) == 0 && lb_mount_of(major(st.st_rdev), minor(st.st_rdev), where) == 0)
		return lb_target_refuse(why, LB_E(BUSY), "%s is mounted on %s: unmount it first",
					node, where);
	return lb_target_refuse(
		why, LB_E(BUSY),
		"%s is in use: the running system, another installation or a part of it has it",
		node);
}

int lb_target_say_failed(const char *node, int err, char why[LB_SENTENCE_MAX])
{
	return lb_target_refuse(why, err, "%s cannot be opened for writing: it %s", node,
				lb_strerror(err));
}
