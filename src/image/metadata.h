/* image/metadata.h - what OpenWrt says about an image in its metadata (fwtool.c). */
#pragma once

#include <stddef.h>

#include "tables/limits.h"

#define LB_IMAGE_BOARDS_MAX 64 /* OpenWrt's longest list of supported_devices has some 20 */

struct lb_metadata {
	char boards[LB_IMAGE_BOARDS_MAX][LB_NAME_MAX]; /* who may take it, old names too */
	size_t board_count;
	char compat_version[LB_NAME_MAX];     /* "" = it does not say: 1.0 */
	char compat_message[LB_SENTENCE_MAX]; /* printable */
	char dist[LB_NAME_MAX], version[LB_NAME_MAX], revision[LB_NAME_MAX], target[LB_NAME_MAX];
};
