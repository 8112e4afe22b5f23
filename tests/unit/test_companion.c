/* NAME.md5 and NAME.sha256 as people have them. Forms: Turris' rescue-image, helpers.sh. */
#include "tests/t.h"

#include <stdio.h>

#include "image/companion.h"
#include "tests/unit/image_bytes.h"

#define MD5_A "00112233445566778899aabbccddeeff"
#define MD5_B "ffeeddccbbaa99887766554433221100"
#define SHA_A MD5_A MD5_B

static const uint8_t md5_a[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static int read(uint8_t out[LB_HASH_MAX], size_t hash_len, const char *text)
{
	const size_t n = strlen(text);
	void *copy = exactly(text, n);
	int rc;

	memset(out, 0x5A, LB_HASH_MAX);
	rc = lb_companion_parse(out, hash_len, "image.bin", copy, n);
	free(copy);
	return rc;
}

static void assert_md5_a(const char *text)
{
	uint8_t hash[LB_HASH_MAX];

	if (read(hash, 16, text) < 0)
		fail_msg("refused: %s", text);
	assert_memory_equal(hash, md5_a, 16);
	assert_int_equal(hash[16], 0x5A);
}

static void assert_refused(size_t hash_len, const char *text)
{
	uint8_t hash[LB_HASH_MAX], untouched[LB_HASH_MAX];

	memset(untouched, 0x5A, sizeof(untouched));
	if (read(hash, hash_len, text) != LB_E(FORMAT))
		fail_msg("taken: %s", text);
	assert_memory_equal(hash, untouched, sizeof(hash));
}

static void forms__text_binary_dos_bare_and_bsd__all_are_read(void **state)
{
	assert_md5_a(MD5_A "  image.bin\n");
	assert_md5_a(MD5_A " *image.bin\n");
	assert_md5_a(MD5_A "  image.bin\r\n");
	assert_md5_a(MD5_A " *image.bin\r\n");
	assert_md5_a(MD5_A);
	assert_md5_a(MD5_A "\n");
	assert_md5_a(MD5_A "\r\n");
	assert_md5_a(MD5_A "\t\tx");
	assert_md5_a("MD5 (image.bin) = " MD5_A "\n");
	assert_md5_a("00112233445566778899AABBCCDDEEFF  image.bin\n");
	assert_md5_a("\\" MD5_A "  image\\n.bin\n");
	assert_md5_a("# made today\n\n" MD5_A "  image.bin\n");
}

static void name__of_a_renamed_image__does_not_matter(void **state)
{
	assert_md5_a(MD5_A "  some-other-name.bin\n");
	assert_md5_a(MD5_A "  ./path/to/image.bin\n");
}

static void several_lines__the_one_that_names_the_image__counts(void **state)
{
	assert_md5_a(MD5_B "  first.bin\n" MD5_A "  image.bin\n" MD5_B "  image.bin.old\n");
	assert_md5_a(MD5_B "  old-image.bin\n" MD5_A " *image.bin\n");
	assert_md5_a(MD5_B " *x\n" MD5_A "  dir/image.bin\r\n");
	assert_refused(16, MD5_B "  first.bin\n" MD5_A "  second.bin\n");
	assert_refused(16, MD5_B "\n" MD5_A "\n");
}

static void length__of_another_hash__is_none(void **state)
{
	uint8_t hash[LB_HASH_MAX];

	assert_refused(16, "");
	assert_refused(16, "\n\n");
	assert_refused(16, "0011  image.bin\n");
	assert_refused(16, MD5_A "0  image.bin\n");
	assert_refused(16, SHA_A "  image.bin\n");
	assert_refused(32, MD5_A "  image.bin\n");
	assert_refused(16, "x" MD5_A "  image.bin\n");
	assert_refused(16, MD5_A "x  image.bin\n");
	assert_int_equal(read(hash, 32, SHA_A "  image.bin\n"), 0);
	assert_int_equal(hash[31], 0x00);
	assert_int_equal(hash[16], 0xff);
}

static void every_truncation__is_refused_until_the_hash_is_whole(void **state)
{
	static const char text[] = MD5_A "  image.bin\n";
	uint8_t hash[LB_HASH_MAX];

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char cut[sizeof(text)];

		memcpy(cut, text, n);
		cut[n] = '\0';
		assert_int_equal(read(hash, 16, cut), n < 32 ? LB_E(FORMAT) : 0);
	}
}

TESTS(unit(forms__text_binary_dos_bare_and_bsd__all_are_read),
      unit(name__of_a_renamed_image__does_not_matter),
      unit(several_lines__the_one_that_names_the_image__counts),
      unit(length__of_another_hash__is_none),
      unit(every_truncation__is_refused_until_the_hash_is_whole))
