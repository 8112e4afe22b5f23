/* plat/linux/files/copyentry.h - one entry of a directory, made again in another one with
 * everything that an overlay's upper directory can hold. For copytree.c. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

#define LB_COPY_BESIDE ".lifeboat.new" /* what is not complete yet; never copied itself */

struct lb_copyentry {
	int from, to; /* the directories */
	const char *name;
	struct stat st; /* of what is in `from` */
	bool merged;	/* `to` is a mounted overlay, whose own attributes are its own business */
	/* As in copytree.h; asked before each piece of a file. */
	int (*go_on)(void *ctx);
	void *ctx;
};

/* A character device 0:0, by which an overlay says that something of the lower layer is deleted. */
bool lb_copy_is_whiteout(const struct stat *st);

/* Does the directory hide what the lower layer has in it? */
bool lb_copy_is_opaque(const struct lb_copyentry *e);

/* Make or replace a file, link, device or fifo; what was there goes at the moment when the new one
 * is complete. 0, LB_E(NOENT) when it has vanished meanwhile, LB_E(NOSPC|UNSUP|IO|...). */
MUST_CHECK int lb_copy_file(const struct lb_copyentry *e);

/* The same as another name of what is at `target_path` below `target_top` already. */
MUST_CHECK int lb_copy_link(const struct lb_copyentry *e, int target_top, const char *target_path);

/* Owner, mode, extended attributes and times of what is there. LB_E(UNSUP): the file system cannot
 * hold a mark without which an overlay would show other files. Inode flags (immutable) are not
 * copied: overlayfs keeps them in an extended attribute. */
MUST_CHECK int lb_copy_attributes(const struct lb_copyentry *e, const char *to_name);

/* Delete e->name from e->to, with all below it. 0 also when it is not there. */
MUST_CHECK int lb_copy_remove(const struct lb_copyentry *e);
