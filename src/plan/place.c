#include "plan/place.h"

#include <string.h>

const char *lb_place_split(const char *place, char device[LB_PATH_MAX])
{
	const char *colon = strstr(place, ":/");
	size_t n = colon ? (size_t)(colon - place) : strlen(place);

	if (n >= LB_PATH_MAX)
		n = 0;
	memcpy(device, place, n);
	device[n] = '\0';
	return colon ? colon + 1 : "";
}
