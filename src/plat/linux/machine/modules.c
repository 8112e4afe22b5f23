#include "plat/linux/machine/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

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
	CLEANUP(lb_freep) char *line = NULL;
	size_t size = 0;
	int loaded = 0;

	if (!list)
		return lb_err_from_errno(errno);
	while (getline(&line, &size, list) > 0) {
		char *path = line + strspn(line, " \t");
		char *params;

		path[strcspn(path, "#\r\n")] = '\0';
		params = path + strcspn(path, " \t");
		if (params == path)
			continue;
		if (*params)
			*params++ = '\0';
		params += strspn(params, " \t");
		if (path[0] != '/')
			log_warn("kernel module %s is left out: the list wants absolute paths",
				 path);
		else if (load_one(path, params) == 0)
			loaded++;
		else if (errno != EEXIST)
			log_warn("kernel module %s cannot be loaded: %s", path, strerror(errno));
		between(ctx);
	}
	return loaded;
}
