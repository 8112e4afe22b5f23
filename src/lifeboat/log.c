/* Why did the last boots go where they went? Also for a dump of the record area on a PC. */
#include "base/log.h"

#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lifeboat/applet.h"
#include "lifeboat/board_file.h"
#include "plat/linux/block.h"
#include "plat/linux/blockdev.h"
#include "store/recovery.h"

#define AREA_BYTES (LB_RECORD_COPIES * LB_RECORD_BYTES)
#define HOW_TO_SET "set storage.record in " LB_BOARD_FILE " to a partition or file of 32768 bytes"

_Static_assert(AREA_BYTES == 32768, "HOW_TO_SET says how large the area must be");

struct options {
	size_t lines;
	bool json;
	const char *record; /* NULL = where the board file says */
};

static int usage(const char *sentence, const char *word)
{
	(void)fprintf(stderr, "lifeboat log: ");
	(void)fprintf(stderr, sentence, word);
	(void)fputc('\n', stderr);
	return LB_EXIT_USAGE;
}
