/* One pass over an image that comes in pieces, of which the tests know what it is and where it is
 * damaged. */
#include "tests/t.h"

#include <stdio.h>

#include "install/metadata.h"
#include "install/scan.h"
#include "tests/unit/image_bytes.h"

#define JSON "{ \"metadata_version\": \"1.1\", \"supported_devices\": [\"a,b\"] }"

static struct lb_scan scan;
static uint8_t file[400000], packed[400000];
static size_t used;

static void run_on(const uint8_t *data, size_t n, size_t step)
{
	assert_int_equal(lb_scan_begin(&scan, NULL, false), 0);
	for (size_t at = 0; at < n; at += step) {
		const size_t piece = n - at < step ? n - at : step;
		void *copy = exactly(data + at, piece);

		lb_scan_feed(&scan, copy, piece);
		free(copy);
	}
	lb_scan_end(&scan);
}

static void run(size_t step)
{
	run_on(file, used, step);
}

/* A TRX whose data go on for n bytes. */
static void make_trx(size_t n)
{
	put_noise(file, n);
	put_text(file, "HDR0");
	put_le(file + 4, n, 4);
	put_le(file + 12, 0x10000, 4);
	put_le(file + 16, 28, 4);
	put_le(file + 20, 0, 8);
	put_le(file + 8, open_crc(file + 12, n - 12), 4);
	used = n;
}

static void image_with_metadata__in_pieces_of_any_size__is_the_same(void **state)
{
	static const size_t lengths[] = {28, 1000, 65535, 65536, 65537, 131072, 200000, 333333};
	static const size_t steps[] = {1, 1000, 65536, 400000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t j = lengths[i] > 70000; j < sizeof(steps) / sizeof(steps[0]); j++) {
			uint8_t sha256[32];

			make_trx(lengths[i]);
			used = put_fwtool_block(file, used, 1, JSON, strlen(JSON));
			used = put_fwtool_block(file, used, 0, "signature", 9);
			run(steps[j]);
			assert_string_equal(scan.damage, "");
			assert_true(scan.summed && scan.has_metadata && scan.has_signature &&
				    !scan.packed);
			assert_int_equal(scan.file.image.kind, LB_IMAGE_TRX);
			assert_string_equal(scan.metadata.boards[0], "a,b");
			assert_int_equal(scan.file.size_bytes, used);
			assert_int_equal(lb_scan_payload_bytes(&scan), lengths[i]);
			assert_memory_equal(scan.signature_text, "signature", 9);
			assert_int_equal(scan.signed_bytes, used - 16 - 9);
			crypto_hash_sha256(sha256, file, used);
			assert_memory_equal(scan.sha256, sha256, 32);
		}
}

static void image_with_metadata__one_bit_changed_anywhere__is_damaged(void **state)
{
	make_trx(150000);
	used = put_fwtool_block(file, used, 1, JSON, strlen(JSON));
	for (size_t at = 0; at<used; at += at> 60 && at < used - 120 ? 9973 : 1) {
		file[at] ^= 4;
		run(400000);
		/* Without the magic of the block the image ends in something that nobody knows. */
		if (at >= used - 16 && at < used - 12)
			assert_false(scan.has_metadata);
		else if (!(at >= used - 7 && at < used - 4) && !scan.damage[0] && at != used - 8)
			fail_msg("byte %zu of %zu: not seen", at, used);
		file[at] ^= 4;
	}
}

static void image__cut_anywhere__is_damaged(void **state)
{
	make_trx(150000);
	for (size_t n = 4; n<used; n += n> 60 ? 9973 : 1) {
		run_on(file, n, 400000);
		assert_true(scan.damage[0]);
	}
	run_on(file, 100000, 777);
	assert_string_equal(scan.damage, "was cut short: it has 100000 bytes of at least 150000");
}

static void dni__the_sum_of_all_bytes__counts_unless_something_was_appended(void **state)
{
	uint8_t sum = 0;

	memset(file, 0, 70000);
	put_text(file, "device:X\n");
	for (size_t i = 0; i < 70000; i++)
		sum = (uint8_t)(sum + file[i]);
	file[70000] = (uint8_t)(0xFF - sum);
	used = 70001;
	run(1000);
	assert_string_equal(scan.damage, "");
	assert_true(scan.summed);
	file[40000] = 1;
	run(1000);
	assert_string_equal(scan.damage, "is damaged: the checksum of its data is wrong");
	used = put_fwtool_block(file, used, 1, JSON, strlen(JSON));
	run(1000);
	assert_string_equal(scan.damage, "");
}

static size_t gzip(const uint8_t *data, size_t n)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)data;
	z.avail_in = (uInt)n;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&z);
	return sizeof(packed) - z.avail_out;
}

static size_t xz(const uint8_t *data, size_t n)
{
	size_t at = 0;

	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, data, n, packed, &at,
						 sizeof(packed)),
			 LZMA_OK);
	return at;
}

static size_t zstd(const uint8_t *data, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t len;

	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	len = ZSTD_compress2(c, packed, sizeof(packed), data, n);
	(void)ZSTD_freeCCtx(c);
	assert_false(ZSTD_isError(len));
	return len;
}

static size_t (*const packers[])(const uint8_t *data, size_t n) = {gzip, xz, zstd};

static void make_noisy_trx(size_t n)
{
	make_trx(n);
	srand(1);
	for (size_t i = 28; i < n; i++)
		file[i] = (uint8_t)rand();
	put_le(file + 8, open_crc(file + 12, n - 12), 4);
}

static void packed_image__of_each_kind__is_known_by_what_is_inside(void **state)
{
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 100; n < 300000; n += 99000) {
			size_t len;

			make_noisy_trx(n);
			len = packers[i](file, n);
			memset(packed + len, 0, 30); /* padding */
			for (size_t step = 1000; step < 100000; step *= 9) {
				run_on(packed, len + (step > 2000 ? 30 : 0), step);
				assert_string_equal(scan.damage, "");
				assert_int_equal(lb_scan_inside(&scan), LB_IMAGE_TRX);
				assert_int_equal(lb_scan_payload_bytes(&scan), n);
			}
		}
}

static void packed_image__cut_or_changed_anywhere__is_damaged(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		size_t len;

		make_noisy_trx(100000);
		len = packers[i](file, used);
		for (size_t n = 40; n < len; n += n < len - 40 ? 4999 : 1) {
			run_on(packed, n, 400000);
			assert_true(scan.damage[0]);
		}
		for (size_t at = 40; at < len; at += at < len - 20 ? 4999 : 1) {
			packed[at] ^= 4;
			run_on(packed, len, 400000);
			if (!scan.damage[0])
				fail_msg("packer %zu, byte %zu of %zu: not seen", i, at, len);
			packed[at] ^= 4;
		}
	}
}

static void packed_image__with_a_wrong_checksum_of_its_own__is_damaged(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		make_noisy_trx(3000);
		file[2000] ^= 1;
		run_on(packed, packers[i](file, used), 1000);
		assert_string_equal(scan.damage, "is damaged: the checksum of its data is wrong");
	}
}

/* A few bytes of input become more output than fits into one turn, at the very end too. */
static void packed_image__of_little_but_zeros__comes_out_whole(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		size_t len;

		memset(file, 0, 390000);
		len = packers[i](file, 390000);
		for (size_t step = 1; step < 100000; step *= 10) {
			run_on(packed, len, step);
			assert_string_equal(scan.damage, "");
			assert_int_equal(lb_scan_payload_bytes(&scan), 390000);
		}
	}
}

static void several_members_and_frames__are_one_image(void **state)
{
	size_t first, second;

	make_noisy_trx(90000);
	first = gzip(file, 50000);
	memcpy(file + 200000, packed, first);
	second = gzip(file + 50000, 40000);
	memcpy(file + 200000 + first, packed, second);
	run_on(file + 200000, first + second, 333);
	assert_string_equal(scan.damage, "");
	assert_int_equal(lb_scan_payload_bytes(&scan), 90000);
	first = zstd(file, 50000);
	memcpy(file + 200000, packed, first);
	second = zstd(file + 50000, 40000);
	memcpy(file + 200000 + first, packed, second);
	run_on(file + 200000, first + second, 333);
	assert_string_equal(scan.damage, "");
	assert_int_equal(lb_scan_payload_bytes(&scan), 90000);
}

static void packed__with_more_memory_than_a_router_has__is_refused(void **state)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	size_t at = 0;

	make_noisy_trx(1000);
	assert_false(lzma_lzma_preset(&options, 9)); /* 64 MiB */
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, file, used,
						   packed, &at, sizeof(packed)),
			 LZMA_OK);
	run_on(packed, at, 1000);
	assert_non_null(strstr(scan.damage, "takes more than 10 MiB of memory to unpack"));
}

static void add_member(const char *name, const char *text, size_t n)
{
	put_tar_header(file + used, name, n, '0');
	memset(file + used + 512, 0, 2048);
	memcpy(file + used + 512, text, n);
	used += 512 + (n + 511) / 512 * 512;
}

static void end_archive(void)
{
	memset(file + used, 0, 1024);
	used += 1024;
}

static void sysupgrade_archive__folder_and_control__must_agree(void **state)
{
	used = 0;
	add_member("sysupgrade-a_b/CONTROL", "BOARD=a_b\n", 10);
	add_member("sysupgrade-a_b/root", "x", 1);
	end_archive();
	used = put_fwtool_block(file, used, 1, JSON, strlen(JSON));
	run(100);
	assert_string_equal(scan.damage, "");
	assert_int_equal(scan.file.image.kind, LB_IMAGE_TAR);
	used = 0;
	add_member("sysupgrade-a_b/CONTROL", "BOARD=a_c\n", 10);
	end_archive();
	run(100);
	assert_string_equal(scan.damage, "says a_b in its folder's name and a_c in CONTROL");
}

static void archive_or_packed__cut_within_its_metadata__is_damaged(void **state)
{
	size_t whole;

	used = 0;
	add_member("sysupgrade-a_b/root", "x", 1);
	end_archive();
	whole = used;
	for (int pack = 0; pack < 2; pack++) {
		if (pack) {
			whole = gzip(file, whole);
			memcpy(file, packed, whole);
		}
		used = whole;
		used = put_fwtool_block(file, used, 1, JSON, strlen(JSON));
		for (size_t n = whole + 9; n < used; n++) {
			run_on(file, n, 100);
			assert_non_null(strstr(scan.damage, "something behind its end"));
		}
		run(100);
		assert_string_equal(scan.damage, "");
		memset(file + whole, 0, 5000); /* padding is none of it */
		memset(file + whole + 5000, 0xFF, 70000);
		run_on(file, whole + 75000, 1000);
		assert_string_equal(scan.damage, "");
		used = whole;
	}
}

static void archives__by_what_is_in_them__are_told_apart(void **state)
{
	static const char *const names[3] = {"medkit", "backup", "tar"};

	for (int i = 0; i < 3; i++) {
		size_t len;

		used = 0;
		add_member(i == 0 ? "./sbin/init" : "./etc/config/network", "x", 1);
		if (i == 0)
			add_member("./etc/turris-version", "7.0.1\n", 6);
		if (i == 2) {
			used = 0;
			add_member("readme", "x", 1);
		}
		end_archive();
		len = gzip(file, used);
		run_on(packed, len, 100);
		assert_string_equal(scan.damage, "");
		assert_string_equal(lb_image_name(lb_scan_inside(&scan)), names[i]);
		assert_string_equal(scan.inside.turris_version, i == 0 ? "7.0.1" : "");
	}
}

static void nothing__is_no_image_and_no_crash(void **state)
{
	run_on(file, 0, 1);
	assert_int_equal(scan.file.image.kind, LB_IMAGE_NONE);
	assert_string_equal(scan.damage, "");
}

static int metadata(struct lb_metadata *out, const char *json)
{
	void *copy = exactly(json, strlen(json));
	int rc;

	memset(out, 0x5A, sizeof(*out));
	rc = lb_metadata_parse(out, copy, strlen(json));
	free(copy);
	if (rc < 0)
		assert_int_equal(out->board_count, (size_t)0x5A5A5A5A5A5A5A5A);
	return rc;
}

static void metadata__as_openwrt_writes_them__are_read(void **state)
{
	struct lb_metadata m;

	assert_int_equal(
		metadata(
			&m,
			"{ \"metadata_version\": \"1.1\", \"compat_version\": \"1.1\", \"compat_message\": "
			"\"a\\nb\\u001b\", \"new_supported_devices\":[\"acme,one\",\"one\"], "
			"\"supported_devices\": [\"Image version 1.1 needs ...\"], \"version\": { \"dist\": "
			"\"OpenWrt\", \"version\": \"23.05.3\", \"revision\": \"r23809-234f1a2efa\", "
			"\"target\": \"ipq806x/generic\", \"board\": \"one\" } }"),
		0);
	assert_int_equal(m.board_count, 2);
	assert_string_equal(m.boards[0], "acme,one");
	assert_string_equal(m.compat_version, "1.1");
	assert_string_equal(m.compat_message, "a b ");
	assert_string_equal(m.dist, "OpenWrt");
	assert_string_equal(m.version, "23.05.3");
	assert_string_equal(m.revision, "r23809-234f1a2efa");
	assert_string_equal(m.target, "ipq806x/generic");
	assert_int_equal(metadata(&m, "{}\n"), 0);
	assert_int_equal(m.board_count, 0);
	assert_string_equal(m.version, "");
}

static void metadata__of_another_shape__are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"[]",
		"1",
		"{",
		"{\"supported_devices\": \"a\"}",
		"{\"supported_devices\": [1]}",
		"{\"supported_devices\": [\"a\\u001b\"]}",
		"{\"version\": \"1\"}",
		"{\"version\": {\"version\": 1}}",
		"{\"compat_version\": 1.0}",
		"{\"compat_message\": {}}",
		"{\"a\":[[[[[[[[[[1]]]]]]]]]]}",
	};
	struct lb_metadata m;
	char longest[200] = "{\"supported_devices\":[\"";
	char many[LB_IMAGE_BOARDS_MAX * 4 + 40] = "{\"supported_devices\":[\"a\"";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(metadata(&m, rows[i]), LB_E(FORMAT));
	memset(longest + strlen(longest), 'a', LB_NAME_MAX - 1);
	strcat(longest, "\"]}");
	assert_int_equal(metadata(&m, longest), 0);
	longest[strlen(longest) - 3] = '\0';
	strcat(longest, "a\"]}");
	assert_int_equal(metadata(&m, longest), LB_E(RANGE));
	for (int i = 0; i < LB_IMAGE_BOARDS_MAX; i++)
		strcat(many, ",\"a\"");
	strcat(many, "]}");
	assert_int_equal(metadata(&m, many), LB_E(RANGE));
}

TESTS(unit(image_with_metadata__in_pieces_of_any_size__is_the_same),
      unit(image_with_metadata__one_bit_changed_anywhere__is_damaged),
      unit(image__cut_anywhere__is_damaged),
      unit(dni__the_sum_of_all_bytes__counts_unless_something_was_appended),
      unit(packed_image__of_each_kind__is_known_by_what_is_inside),
      unit(packed_image__cut_or_changed_anywhere__is_damaged),
      unit(packed_image__with_a_wrong_checksum_of_its_own__is_damaged),
      unit(packed_image__of_little_but_zeros__comes_out_whole),
      unit(several_members_and_frames__are_one_image),
      unit(packed__with_more_memory_than_a_router_has__is_refused),
      unit(sysupgrade_archive__folder_and_control__must_agree),
      unit(archive_or_packed__cut_within_its_metadata__is_damaged),
      unit(archives__by_what_is_in_them__are_told_apart), unit(nothing__is_no_image_and_no_crash),
      unit(metadata__as_openwrt_writes_them__are_read),
      unit(metadata__of_another_shape__are_refused))
