#include "install/compat.h"

#include <stdio.h>
#include <string.h>

#include "plan/uci.h"
#include "plat/linux/files/files.h"

#define FILE_MAX 8000 /* OpenWrt's have 1 KiB */

void lb_compat_read(char out[LB_NAME_MAX], const char *path)
{
	char text[FILE_MAX];
	struct lb_uci_item item;
	struct lb_uci u;
	unsigned systems = 0;
	bool in_system = false;
	const int n = lb_file_read(path, text, sizeof(text));

	out[0] = '\0';
	if (n < 0)
		return;
	lb_uci_begin(&u, text, (size_t)n);
	while (lb_uci_next(&u, &item) == 1) {
		if (item.kind == LB_UCI_CONFIG) {
			in_system = strcmp(item.name, "system") == 0;
			systems += in_system;
		} else if (item.kind == LB_UCI_OPTION && in_system && systems == 1 &&
			   strcmp(item.name, "compat_version") == 0 &&
			   strlen(item.value) < LB_NAME_MAX) {
			(void)snprintf(out, LB_NAME_MAX, "%.*s", LB_NAME_MAX - 1, item.value);
		}
	}
}
