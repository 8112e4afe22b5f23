/* Which block device a path lies on. stat(2) does not say: each subvolume has a number of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "plat/linux/disk/btrfs.h"
#include "plat/linux/files/files.h"

static int mount_id(const char *path, unsigned *out)
{
	CLEANUP(lb_fd_closep) int fd = open(path, O_PATH | O_CLOEXEC);
	char name[64], text[512];
	const char *at;
	int rc;

	if (fd < 0)
		return lb_err_from_errno(errno);
	(void)snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	rc = lb_file_read(name, text, sizeof(text));
	if (rc < 0)
		return rc;
	at = strstr(text, "mnt_id:");
	return at && sscanf(at, "mnt_id: %u", out) == 1 ? 0 : LB_E(FORMAT);
}

int lb_btrfs_device(char device[LB_PATH_MAX], const char *path, char fs[32])
{
	CLEANUP(lb_file_closep) FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP(lb_freep) char *line = NULL;
	char source[LB_PATH_MAX];
	size_t size = 0;
	unsigned wanted;
	int rc = mount_id(path, &wanted);

	if (rc < 0)
		return rc;
	while (f && getline(&line, &size, f) > 0) {
		const char *separator = strstr(line, " - ");
		unsigned id;

		if (!separator || sscanf(line, "%u", &id) != 1 || id != wanted ||
		    sscanf(separator + 3, "%31s %255s", fs, source) != 2)
			continue;
		if (strcmp(fs, "btrfs") != 0)
			return LB_E(FORMAT);
		(void)snprintf(device, LB_PATH_MAX, "%s", source);
		return 0;
	}
	return f ? LB_E(NOENT) : lb_err_from_errno(errno);
}
