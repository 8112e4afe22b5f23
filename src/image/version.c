#include "image/version.h"

#include <stdint.h>
#include <string.h>

#define PARTS_MAX 6
#define LARGEST	  UINT64_C(99999999999999) /* a medkit's time stamp has twelve digits */

struct version {
	uint64_t part[PARTS_MAX];
	bool candidate;
	uint64_t candidate_number;
};

/* Digits; `text` moves behind them. */
static bool read_number(const char **text, uint64_t *out)
{
	const char *c = *text;
	uint64_t n = 0;

	for (; *c >= '0' && *c <= '9'; c++) {
		if (n > LARGEST)
			return false;
		n = n * 10 + (uint64_t)(*c - '0');
	}
	if (c == *text)
		return false;
	*text = c;
	*out = n;
	return true;
}

static bool read_version(struct version *out, const char *text)
{
	const char *rc;

	*out = (struct version){0};
	for (int i = 0; i < PARTS_MAX; i++) {
		if (!read_number(&text, &out->part[i]))
			return false;
		if (*text != '.')
			break;
		text++;
	}
	rc = strstr(text, "-rc");
	if (rc) {
		rc += 3;
		out->candidate = true;
		return read_number(&rc, &out->candidate_number);
	}
	return *text == '\0' || *text == '-' || *text == '+' || *text == ' ';
}

int lb_version_at_least(const char *version, const char *least)
{
	struct version v, l;

	if (!read_version(&v, version) || !read_version(&l, least))
		return LB_E(FORMAT);
	for (int i = 0; i < PARTS_MAX; i++)
		if (v.part[i] != l.part[i])
			return v.part[i] > l.part[i];
	if (v.candidate != l.candidate)
		return l.candidate;
	return v.candidate_number >= l.candidate_number;
}

static bool read_compat(const char *text, uint64_t *major, uint64_t *minor)
{
	return read_number(&text, major) && *text++ == '.' && read_number(&text, minor) &&
	       *text == '\0';
}

enum lb_compat lb_compat_compare(const char *device, const char *image)
{
	uint64_t device_major, device_minor, image_major, image_minor;

	if (!device[0])
		device = "1.0";
	if (!image[0])
		image = "1.0";
	if (strcmp(device, image) == 0)
		return LB_COMPAT_SAME;
	if (!read_compat(device, &device_major, &device_minor) ||
	    !read_compat(image, &image_major, &image_minor) || device_major != image_major)
		return LB_COMPAT_MAJOR;
	return device_minor == image_minor ? LB_COMPAT_SAME : LB_COMPAT_MINOR;
}
