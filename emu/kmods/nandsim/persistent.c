// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's NAND simulator as a flash that keeps its content: with cache_file= on a disk it
 * takes each page for erased until it has written it itself, so that every load starts with an
 * empty flash.
 *
 * Nothing of its source is changed. The functions by which it asks and tells about its pages are
 * replaced while it is compiled, after all headers have had theirs:
 * - every page counts as written: an erased one reads as 0xff from the disk,
 * - erasing writes 0xff,
 * - what was programmed is on the disk when the simulator says so, as on a real chip,
 * - the two partitions have the names that a router's device tree gives them. */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mtd/mtd.h>
#include <linux/mtd/partitions.h>
#include <linux/mtd/rawnand.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* Called for each page of a block in turn: the first one erases the block. Returns whether the page
 * was in use, which only a debug message asks for. */
static int erase_at_first(struct file *disk, unsigned int page, unsigned int pages,
			  unsigned int page_bytes)
{
	const size_t bytes = (size_t)pages * page_bytes;
	loff_t at = (loff_t)page * page_bytes;
	void *erased;

	if (page % pages)
		return 0;
	erased = kvmalloc(bytes, GFP_NOFS);
	if (erased)
		memset(erased, 0xff, bytes);
	if (!erased || kernel_write(disk, erased, bytes, &at) != bytes)
		pr_err("nandsim: the block at page %u is not erased\n", page);
	kvfree(erased);
	return 0;
}

#undef test_bit
#undef __test_and_clear_bit
#undef pr_fmt
#define test_bit(page, written) 1
#define __test_and_clear_bit(page, written) \
	erase_at_first(ns->cfile, page, ns->geom.pgsec, ns->geom.pgszoob)
#define filp_open(path, flags, mode)  (filp_open)(path, (flags) | O_DSYNC, mode)
#define kasprintf(gfp, format, index) kstrdup((index) ? "ubi" : "kernel", gfp)

#include "nandsim.c"
