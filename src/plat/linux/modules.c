#include "plat/linux/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "tables/limits.h"

static int load_one(const char *path, const char *params)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return (int)syscall(SYS_finit_module, fd, params, 0);
}

int lb_modules_load(const char *list_path, void (*between)(void *ctx), void *ctx)
{
	CLEANUP(lb_file_closep) FILE *list = fopen(list_path, "re");
	char line[LB_PATH_MAX];
	const char *params;
	size_t path_bytes;
	int loaded = 0;

	if (!list)
		return lb_err_from_errno(errno);
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "#\r\n")] = '\0';
		path_bytes = strcspn(line, " \t");
		params = line + path_bytes + strspn(line + path_bytes, " \t");
		line[path_bytes] = '\0';
		if (!path_bytes)
			continue;
		if (load_one(line, params) == 0)
			loaded++;
		else if (errno != EEXIST)
			log_warn("kernel module %s cannot be loaded: %s", line, strerror(errno));
		between(ctx);
	}
	return loaded;
}
