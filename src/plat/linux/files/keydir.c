#include "plat/linux/files/keydir.h"

#include <stdio.h>
#include <sys/stat.h>

#include "plat/linux/files/files.h"
#include "tables/limits.h"

int lb_keydir_read(const char *dir, const char *id, char *out, size_t size)
{
	char path[LB_PATH_MAX];
	struct stat link, file;

	if (stat(dir, &file) < 0 || !S_ISDIR(file.st_mode))
		return LB_E(STATE);
	if (snprintf(path, sizeof(path), "%s/%s", dir, id) >= (int)sizeof(path))
		return LB_E(NOSPC);
	if (lstat(path, &link) < 0)
		return LB_E(NOENT);
	if (S_ISLNK(link.st_mode) && stat(path, &file) < 0)
		return LB_E(AUTH);
	return lb_file_read(path, out, size);
}
