/* image/flash_block.h - what stands in an erase block of a flash partition for JFFS2 (pure). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the first block that is not bad: everything behind this is to be erased (OpenWrt's fstools,
 * common.c and mtd.c). In a later block it ends a file system that came with a firmware image. */
#define LB_FLASH_DEADCODE "\xDE\xAD\xC0\xDE"

/* Our own, in any block: the whole partition is to be erased. A free block takes it without harm to
 * the file system in the others, so that there is a moment at which the erasure is decided. */
#define LB_FLASH_REQUEST "LBERASE!"

/* The longest of the two. */
#define LB_FLASH_MARK_BYTES 8

enum lb_flash_look {
	LB_FLASH_BLANK, /* all 0xFF */
	LB_FLASH_CLEAN, /* JFFS2's mark of a block that was erased, in this CPU's byte order, and
			   nothing else */
	LB_FLASH_ASKS,	/* LB_FLASH_REQUEST */
	LB_FLASH_DEAD,	/* LB_FLASH_DEADCODE */
	LB_FLASH_NODE,	/* a node of JFFS2 with a right checksum, in either byte order */
	LB_FLASH_OTHER,
};

/* The first n bytes of an erase block; more tell more about BLANK and CLEAN. */
enum lb_flash_look lb_flash_look(const void *block, size_t n);

/* Is there anything in these bytes, from the start of a block or of a page of it, that JFFS2 would
 * find? */
bool lb_flash_has_node(const void *bytes, size_t n);
