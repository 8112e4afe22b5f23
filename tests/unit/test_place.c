#include "tests/t.h"

#include "plan/place.h"

static void assert_split(const char *place, const char *device, const char *path)
{
	char got[LB_PATH_MAX];

	assert_string_equal(lb_place_split(place, got), path);
	assert_string_equal(got, device);
}

static void place__device_alone__is_all_of_it(void **state)
{
	assert_split("PARTLABEL=factory", "PARTLABEL=factory", "");
	assert_split("/dev/disk/by-path/pci-0000:00:04.0", "/dev/disk/by-path/pci-0000:00:04.0",
		     "");
	assert_split("", "", "");
}

static void place__file_on_a_device__ends_the_device_at_the_first_colon_and_slash(void **state)
{
	assert_split("PARTLABEL=data:/images/root.img", "PARTLABEL=data", "/images/root.img");
	assert_split("/dev/pci-0000:00:/a:/b", "/dev/pci-0000:00", "/a:/b");
	assert_split(":/x", "", "/x");
}

static void place__longer_than_a_path__is_no_device(void **state)
{
	char place[LB_PATH_MAX + 8];

	memset(place, 'x', sizeof(place));
	memcpy(place + LB_PATH_MAX, ":/y", 4);
	assert_split(place, "", "/y");
}

TESTS(unit(place__device_alone__is_all_of_it),
      unit(place__file_on_a_device__ends_the_device_at_the_first_colon_and_slash),
      unit(place__longer_than_a_path__is_no_device))
