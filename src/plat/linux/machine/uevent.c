#include "plat/linux/machine/uevent.h"

#include <string.h>

bool lb_uevent_get(const char *uevent, const char *key, char *out, size_t size)
{
	const size_t key_len = strlen(key);

	for (const char *line = uevent; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_len) == 0 && line[key_len] == '=') {
			const char *value = line + key_len + 1;
			size_t n = strcspn(value, "\n");

			if (n >= size)
				return false;
			memcpy(out, value, n);
			out[n] = '\0';
			return true;
		}
	}
	return false;
}
