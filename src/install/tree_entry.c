#include "install/tree_entry.h"

#include <string.h>

#define READ_BYTES (256u << 10)

int lb_tree_clean_path(char out[PATH_MAX], const char *name)
{
	size_t used = 0;

	while (*name) {
		const size_t n = strcspn(name, "/");

		if (n == 2 && memcmp(name, "..", 2) == 0)
			return LB_E(AUTH);
		if (n > 0 && !(n == 1 && name[0] == '.')) {
			if (used + n + 2 > PATH_MAX)
				return LB_E(RANGE);
			if (used > 0)
				out[used++] = '/';
			memcpy(out + used, name, n);
			used += n;
		}
		name += n;
		name += *name == '/';
	}
	out[used] = '\0';
	return 0;
}

/* Names of the newer form of tar are UTF-8, and the other call does not give those that are not
 * ASCII where there is no locale. */
const char *lb_tree_name(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	return name ? name : archive_entry_pathname_utf8(e);
}

const char *lb_tree_hard_link(struct archive_entry *e)
{
	const char *name = archive_entry_hardlink(e);

	return name ? name : archive_entry_hardlink_utf8(e);
}

const char *lb_tree_symlink(struct archive_entry *e)
{
	const char *target = archive_entry_symlink(e);

	if (!target)
		target = archive_entry_symlink_utf8(e);
	return target ? target : "";
}

int lb_tree_open_tar(struct archive *a, int fd)
{
	if (!a || archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_open_fd(a, fd, READ_BYTES) != ARCHIVE_OK)
		return LB_E(FORMAT);
	return 0;
}

void lb_tree_tar_freep(struct archive **a)
{
	(void)archive_read_free(*a);
}
