#include "plat/linux/disk/mtd_map.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"

#define FOLDER "/mtd/" /* of a chip's flash, among the devices */

struct place {
	char chip[PATH_MAX];
	uint64_t start_bytes, size_bytes;
	bool known;
};

static int read_number(const char *dir, const char *file, uint64_t *out)
{
	char path[PATH_MAX], text[32], *end;
	int rc = snprintf(path, sizeof(path), "%s/%s", dir, file) < (int)sizeof(path)
			 ? lb_file_read(path, text, sizeof(text))
			 : LB_E(RANGE);

	if (rc < 0)
		return rc;
	*out = strtoull(text, &end, 10);
	return end == text || *end ? LB_E(FORMAT) : 0;
}

/* .../CHIP/mtd/mtd3/mtd5: the start of each partition counts from the one that it lies in. What has
 * no start is the chip itself. */
static int find_place(const char *numbers, struct place *out, const struct lb_blockdev_roots *roots)
{
	char link[LB_PATH_MAX], real[PATH_MAX], *at;
	uint64_t start_bytes;

	*out = (struct place){.known = false};
	if (snprintf(link, sizeof(link), "%s/class/mtd/mtd%s", roots->sys, numbers) >=
	    (int)sizeof(link))
		return LB_E(RANGE);
	if (!realpath(link, real))
		return lb_err_from_errno(errno);
	at = strstr(real, FOLDER);
	if (!at || read_number(real, "size", &out->size_bytes) < 0)
		return 0;
	(void)snprintf(out->chip, sizeof(out->chip), "%.*s", (int)(at - real), real);
	at += strlen(FOLDER) - 1;
	while (at) {
		char *next = strchr(at + 1, '/');

		if (next)
			*next = '\0';
		if (read_number(real, "offset", &start_bytes) == 0)
			out->start_bytes += start_bytes;
		else
			memcpy(out->chip, real, sizeof(real));
		if (next)
			*next = '/';
		at = next;
	}
	out->known = true;
	return 0;
}

static bool shares(const struct place *a, const struct place *b)
{
	return a->known && b->known && strcmp(a->chip, b->chip) == 0 &&
	       a->start_bytes < b->start_bytes + b->size_bytes &&
	       b->start_bytes < a->start_bytes + a->size_bytes;
}

/* "5" of "mtd5"; NULL for the read-only twin "mtd5ro". */
static const char *numbers_of(const char *entry)
{
	const char *numbers = strncmp(entry, "mtd", 3) == 0 ? entry + 3 : "";

	return *numbers && strlen(numbers) < LB_NAME_MAX &&
			       strspn(numbers, "0123456789") == strlen(numbers)
		       ? numbers
		       : NULL;
}

static void describe(struct lb_mtd_part *out, const char *numbers,
		     const struct lb_blockdev_roots *roots)
{
	char path[LB_PATH_MAX], label[LB_PATH_MAX];

	(void)snprintf(out->numbers, sizeof(out->numbers), "%s", numbers);
	if (snprintf(path, sizeof(path), "%s/class/mtd/mtd%s/name", roots->sys, numbers) <
		    (int)sizeof(path) &&
	    lb_file_read(path, label, sizeof(label)) >= 0 && strlen(label) < sizeof(out->label))
		(void)strcpy(out->label, label);
}

int lb_mtd_overlaps(const char *numbers, lb_mtd_part_fn *each, void *ctx,
		    const struct lb_blockdev_roots *roots)
{
	struct place wanted, other;
	char path[LB_PATH_MAX];
	int rc = find_place(numbers, &wanted, roots);

	if (rc < 0)
		return rc;
	if (snprintf(path, sizeof(path), "%s/class/mtd", roots->sys) >= (int)sizeof(path))
		return LB_E(RANGE);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(path);
	if (!dir)
		return lb_err_from_errno(errno);
	for (const struct dirent *e; rc == 0 && (e = readdir(dir));) {
		const char *of = numbers_of(e->d_name);
		struct lb_mtd_part part = {.start_bytes = 0};

		if (!of || find_place(of, &other, roots) < 0 ||
		    (strcmp(of, numbers) != 0 && !shares(&wanted, &other)))
			continue;
		describe(&part, of, roots);
		part.start_bytes = (int64_t)(other.start_bytes - wanted.start_bytes);
		part.size_bytes = other.size_bytes;
		rc = each(ctx, &part);
	}
	return rc;
}
