/* What is this file? Layouts: facts on vendor protocols, section 8b. */
#include "tests/t.h"

#include "image/identify.h"
#include "tests/unit/image_bytes.h"

static uint8_t head[LB_IMAGE_HEAD_BYTES];
static const struct lb_image before = {
	.kind = LB_IMAGE_ZIP, .board = "before", .length_bytes = 4711};

static int identify(struct lb_image *out, size_t n)
{
	void *copy = exactly(head, n);
	int rc;

	*out = before;
	rc = lb_image_identify(out, copy, n);
	free(copy);
	return rc;
}

static struct lb_image known(enum lb_image_kind kind)
{
	struct lb_image image;

	assert_int_equal(identify(&image, sizeof(head)), 0);
	assert_string_equal(lb_image_name(image.kind), lb_image_name(kind));
	return image;
}

/* It is known for what it is, and its header for damaged. */
static void assert_header(enum lb_image_kind kind, int header)
{
	struct lb_image image = known(kind);

	assert_int_equal(image.header, header);
	assert_string_equal(image.board, "");
	assert_int_equal(image.length_bytes, 0);
}

static void assert_unknown(void)
{
	struct lb_image image;

	assert_int_equal(identify(&image, sizeof(head)), LB_E(FORMAT));
	assert_string_equal(image.board, before.board);
	assert_int_equal(image.length_bytes, before.length_bytes);
}

static void make_uimage(void)
{
	put_noise(head, sizeof(head));
	put_be(head, 0x27051956, 4);
	put_be(head + 4, 0, 4);
	put_be(head + 12, 1000, 4);
	put_be(head + 24, 0xDEADBEEF, 4);
	memset(head + 32, 0, 32);
	put_text(head + 32, "MIPS OpenWrt Linux-6.6\n");
	put_be(head + 4, ~open_crc(head, 64), 4);
}

static void uimage__good_header__says_name_length_and_what_to_sum(void **state)
{
	struct lb_image image;

	make_uimage();
	image = known(LB_IMAGE_UIMAGE);
	assert_int_equal(image.header, 0);
	assert_string_equal(image.version, "MIPS OpenWrt Linux-6.6?");
	assert_int_equal(image.length_bytes, 1064);
	assert_int_equal(image.sums[0].method, LB_SUM_CRC32);
	assert_int_equal(image.sums[0].from, 64);
	assert_int_equal(image.sums[0].to, 1064);
	assert_int_equal(image.sums[0].want, 0xDEADBEEF);
}

static void uimage__each_bit_of_the_header__damage_is_seen(void **state)
{
	for (size_t bit = 32; bit < 64 * 8; bit++) {
		make_uimage();
		head[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_header(LB_IMAGE_UIMAGE, LB_E(CRC));
	}
}

static void uimage__every_truncation__is_a_uimage_that_ends_early(void **state)
{
	struct lb_image image;

	make_uimage();
	for (size_t n = 0; n <= 64; n++) {
		const int rc = identify(&image, n);

		assert_int_equal(rc, n < 4 ? LB_E(FORMAT) : 0);
		if (rc == 0)
			assert_int_equal(image.header, n < 64 ? LB_E(TRUNC) : 0);
	}
}

static void make_fit_header(uint32_t total, uint32_t structure_len, uint32_t strings,
			    uint32_t strings_len)
{
	put_noise(head, sizeof(head));
	put_be(head, 0xD00DFEED, 4);
	put_be(head + 4, total, 4);
	put_be(head + 8, 0x38, 4);
	put_be(head + 12, strings, 4);
	put_be(head + 32, strings_len, 4);
	put_be(head + 36, structure_len, 4);
}

static void fit__data_inside__says_its_length(void **state)
{
	make_fit_header(123456, 122000, 123000, 456);
	assert_int_equal(known(LB_IMAGE_FIT).length_bytes, 123456);
	assert_int_equal(known(LB_IMAGE_FIT).sum_count, 0);
	put_be(head + 36, 123456 - 0x38 + 1, 4);
	assert_header(LB_IMAGE_FIT, LB_E(RANGE));
	make_fit_header(123456, 122000, 123000, 457);
	assert_header(LB_IMAGE_FIT, LB_E(RANGE));
	make_fit_header(123456, 122000, 123457, 0);
	assert_header(LB_IMAGE_FIT, LB_E(RANGE));
}

static void ext4__superblock__says_its_length(void **state)
{
	memset(head, 0, sizeof(head));
	put_be(head + 1080, 0x53EF, 2);
	put_le(head + 1024 + 4, 25600, 4);
	put_le(head + 1024 + 24, 2, 4);
	assert_int_equal(known(LB_IMAGE_EXT4).length_bytes, 25600 * UINT64_C(4096));
	put_le(head + 1024 + 24, 7, 4);
	assert_unknown();
	put_le(head + 1024 + 24, 0, 4);
	put_le(head + 1024 + 4, 0, 4);
	assert_unknown();
}

static void make_trx(uint16_t version)
{
	put_noise(head, sizeof(head));
	put_text(head, "HDR0");
	put_le(head + 4, 4096, 4);
	put_le(head + 8, 0x12345678, 4);
	put_le(head + 12, 0, 2);
	put_le(head + 14, version, 2);
	put_le(head + 16, 28, 4);
	put_le(head + 20, 2048, 4);
	put_le(head + 24, 0, 4);
}

static void trx__header__says_length_and_a_sum_that_is_not_inverted(void **state)
{
	struct lb_image image;

	make_trx(1);
	image = known(LB_IMAGE_TRX);
	assert_int_equal(image.length_bytes, 4096);
	assert_int_equal(image.sums[0].method, LB_SUM_CRC32_OPEN);
	assert_int_equal(image.sums[0].from, 12);
	assert_int_equal(image.sums[0].to, 4096);
	assert_int_equal(image.sums[0].want, 0x12345678);
	make_trx(3);
	assert_header(LB_IMAGE_TRX, LB_E(RANGE));
	make_trx(1);
	put_le(head + 20, 4097, 4);
	assert_header(LB_IMAGE_TRX, LB_E(RANGE));
}

static void ubi__first_header__its_checksum_counts(void **state)
{
	put_noise(head, sizeof(head));
	put_text(head, "UBI#");
	put_be(head + 60, open_crc(head, 60), 4);
	assert_int_equal(known(LB_IMAGE_UBI).header, 0);
	head[10] ^= 1;
	assert_header(LB_IMAGE_UBI, LB_E(CRC));
}

static void make_mbr(void)
{
	memset(head, 0, sizeof(head));
	put_noise(head, 440);
	head[446] = 0x80;
	head[450] = 0x0C;
	put_le(head + 454, 8192, 4);
	put_le(head + 458, 131072, 4);
	head[466] = 0x83;
	put_le(head + 470, 147456, 4);
	put_le(head + 474, 204800, 4);
	put_be(head + 510, 0x55AA, 2);
}

static void mbr__a_table_that_makes_sense__is_a_disk_as_long_as_its_last_start(void **state)
{
	make_mbr();
	assert_int_equal(known(LB_IMAGE_MBR).length_bytes, (147456 + 1) * UINT64_C(512));
	put_le(head + 454, 147460, 4); /* the first one is not always in front */
	assert_int_equal(known(LB_IMAGE_MBR).length_bytes, (147460 + 1) * UINT64_C(512));
	put_le(head + 470, 0xFFFFFFFF, 4); /* must not wrap */
	assert_int_equal(known(LB_IMAGE_MBR).length_bytes, UINT64_C(0x100000000) * 512);
}

static void mbr__boot_sector_of_a_file_system__is_no_disk(void **state)
{
	make_mbr();
	head[446] = 0x17;
	assert_unknown();
	make_mbr();
	put_le(head + 470, 0, 4);
	assert_unknown();
	make_mbr();
	head[450] = 0;
	head[466] = 0;
	assert_unknown();
}

static void make_gpt(void)
{
	make_mbr();
	put_noise(head + 512, sizeof(head) - 512);
	put_text(head + 512, "EFI PART");
	put_le(head + 512 + 12, 92, 4);
	put_le(head + 512 + 72, 2, 8);
	put_le(head + 512 + 80, 128, 4);
	put_le(head + 512 + 84, 128, 4);
	put_le(head + 512 + 88, ~open_crc(head + 1024, 128 * 128), 4);
	put_le(head + 512 + 16, 0, 4);
	put_le(head + 512 + 16, ~open_crc(head + 512, 92), 4);
}

static void gpt__header_and_entries__both_checksums_count(void **state)
{
	make_gpt();
	assert_int_equal(known(LB_IMAGE_GPT).header, 0);
	head[512 + 40] ^= 1;
	assert_header(LB_IMAGE_GPT, LB_E(CRC));
	make_gpt();
	head[1024 + 127 * 128 + 5] ^= 1;
	assert_header(LB_IMAGE_GPT, LB_E(CRC));
	make_gpt();
	put_le(head + 512 + 12, 513, 4);
	assert_header(LB_IMAGE_GPT, LB_E(RANGE));
}

static void gpt__cut_before_the_last_entry__ends_early(void **state)
{
	struct lb_image image;

	make_gpt();
	assert_int_equal(identify(&image, 1024 + 128 * 128 - 1), 0);
	assert_int_equal(image.header, LB_E(TRUNC));
	assert_int_equal(identify(&image, 1024 + 128 * 128), 0);
	assert_int_equal(image.header, 0);
}

static void sysupgrade_tar__first_folder__names_the_board(void **state)
{
	struct lb_image image;

	put_noise(head, sizeof(head));
	put_tar_header(head, "sysupgrade-netgear_r7800/CONTROL", 20, '0');
	image = known(LB_IMAGE_TAR);
	assert_string_equal(image.board, "netgear_r7800");
	put_tar_header(head, "etc/config/network", 20, '0');
	assert_unknown();
	put_tar_header(head, "sysupgrade-", 20, '5');
	assert_unknown();
}

static void chk__board_id__is_the_rest_of_the_header(void **state)
{
	struct lb_image image;

	put_noise(head, sizeof(head));
	put_text(head, "*#$^");
	put_be(head + 4, 58, 4);
	put_be(head + 24, 3000000, 4);
	put_be(head + 28, 0xFFFFFFFF, 4);
	memset(head + 40, 0, 18);
	put_text(head + 40, "U12H270T00_NETGEAR");
	image = known(LB_IMAGE_CHK);
	assert_string_equal(image.board, "U12H270T00_NETGEAR");
	assert_int_equal(image.length_bytes, 58 + UINT64_C(3000000) + 0xFFFFFFFF);
	put_be(head + 4, 40, 4);
	assert_header(LB_IMAGE_CHK, LB_E(RANGE));
}

static void dni__text_header__says_device_and_version(void **state)
{
	struct lb_image image;

	put_noise(head, sizeof(head));
	memset(head, 0, 128);
	put_text(head, "device:R7800\nversion:V1.0.2.\x01"
		       "84\nregion:\nhd_id:29764958+0\n");
	image = known(LB_IMAGE_DNI);
	assert_string_equal(image.board, "R7800");
	assert_string_equal(image.version, "V1.0.2.?84");
	assert_int_equal(image.sums[0].method, LB_SUM_BYTES);
	assert_int_equal(image.sums[0].want, 0xFF);
	assert_true(image.sums[0].to == UINT64_MAX);
	memset(head + 7, 'x', sizeof(head) - 7); /* no line end, no NUL */
	assert_int_equal(strlen(known(LB_IMAGE_DNI).board), LB_NAME_MAX - 1);
}

static void tplink__each_header__says_hardware_and_length(void **state)
{
	struct lb_image image;

	put_noise(head, sizeof(head));
	put_be(head, 0x01000000, 4);
	put_text(head + 4, "TP-LINK Technologies");
	put_be(head + 0x40, 0x08410008, 4);
	put_be(head + 0x44, 1, 4);
	put_be(head + 0x7C, 8126464, 4);
	image = known(LB_IMAGE_TPLINK_V1);
	assert_string_equal(image.board, "tp-link 08410008 revision 1");
	assert_int_equal(image.length_bytes, 8126464);

	put_noise(head, sizeof(head));
	for (uint32_t version = 2; version <= 3; version++) {
		put_be(head, version << 24, 4);
		put_be(head + 0x34, 0xC5000002, 4);
		put_be(head + 0x38, 2, 4);
		put_be(head + 0x70, 700000, 4);
		put_be(head + 0x8C, 0x55AA, 2);
		head[0x90] = 0xA5;
		image = known(version == 2 ? LB_IMAGE_TPLINK_V2 : LB_IMAGE_TPLINK_V3);
		assert_string_equal(image.board, "tp-link c5000002 revision 2");
	}
	head[0x90] = 0xA4;
	assert_unknown();
}

static void safeloader__table__must_be_where_it_belongs(void **state)
{
	put_noise(head, sizeof(head));
	put_be(head, 7000000, 4);
	put_text(head + 0x14, "fw-type:Cloud\n");
	put_text(head + 0x1014, "fwup-ptn");
	assert_int_equal(known(LB_IMAGE_SAFELOADER).length_bytes, 7000000);
	head[0x1014] ^= 1;
	assert_header(LB_IMAGE_SAFELOADER, LB_E(RANGE));
}

static void ubnt__header__its_checksum_counts(void **state)
{
	struct lb_image image;

	put_noise(head, sizeof(head));
	memset(head, 0, 264);
	put_text(head, "UBNTXM.ar7240.v5.5.4.16501.130221.1727");
	put_be(head + 260, ~open_crc(head, 260), 4);
	image = known(LB_IMAGE_UBNT);
	assert_string_equal(image.board, "XM");
	assert_string_equal(image.version, "XM.ar7240.v5.5.4.16501.130221.1727");
	head[100] ^= 1;
	assert_header(LB_IMAGE_UBNT, LB_E(CRC));
}

static void seama__meta_data__name_the_board(void **state)
{
	static const char meta[] = "dev=/dev/mtdblock/2\0signature=wrgac13_dlink\0type=firmware";
	struct lb_image image;

	put_noise(head, sizeof(head));
	put_be(head, 0x5EA3A417, 4);
	put_be(head + 6, sizeof(meta), 2);
	put_be(head + 8, 0, 4);
	memcpy(head + 12, meta, sizeof(meta));
	image = known(LB_IMAGE_SEAMA);
	assert_string_equal(image.board, "wrgac13_dlink");
	put_be(head + 8, 50000, 4); /* with data there are 16 bytes of MD5 before the meta data */
	memmove(head + 28, head + 12, sizeof(meta));
	image = known(LB_IMAGE_SEAMA);
	assert_string_equal(image.board, "wrgac13_dlink");
	assert_int_equal(image.length_bytes, 12 + 16 + sizeof(meta) + 50000);
}

static void xiaomi__header__says_device_and_where_the_signature_is(void **state)
{
	struct lb_image image;

	put_noise(head, sizeof(head));
	put_text(head, "HDR1");
	put_le(head + 4, 9000000, 4);
	put_le(head + 0x0E, 18, 2);
	image = known(LB_IMAGE_XIAOMI);
	assert_string_equal(image.board, "xiaomi device 18");
	assert_int_equal(image.length_bytes, 9000000);
}

/* Formats of which only the first bytes are known. */
static void bare_magics__each__is_known_whatever_follows(void **state)
{
	static const struct {
		enum lb_image_kind kind;
		size_t at;
		const char *magic;
		size_t len;
	} rows[] = {
		{LB_IMAGE_GZIP, 0, "\x1f\x8b\x08", 3},
		{LB_IMAGE_XZ, 0,
		 "\xfd"
		 "7zXZ\0",
		 6},
		{LB_IMAGE_ZSTD, 0, "\x28\xb5\x2f\xfd", 4},
		{LB_IMAGE_ZIP, 0, "PK\3\4", 4},
		{LB_IMAGE_CHDR, 0, "CHDR", 4},
		{LB_IMAGE_USR, 0, "USR0", 4},
		{LB_IMAGE_SHRS, 0, "SHRS", 4},
		{LB_IMAGE_BUFFALO, 0, "start", 5},
		{LB_IMAGE_NPK, 0, "\x1e\xf1\xd0\xba", 4},
		{LB_IMAGE_ZLD, 0, "\xde\xad\xbe\xaf", 4},
		{LB_IMAGE_CE, 0, "CE01", 4},
		{LB_IMAGE_YUNCORE, 0, "YUNCORE", 7},
		{LB_IMAGE_UBIFS, 0, "\x31\x18\x10\x06", 4},
		{LB_IMAGE_SERCOMM, 777, "sErCoMm", 7},
		{LB_IMAGE_SERCOMM, LB_IMAGE_HEAD_BYTES - 7, "sErCoMm", 7},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_noise(head, sizeof(head));
		assert_unknown();
		memcpy(head + rows[i].at, rows[i].magic, rows[i].len);
		assert_int_equal(known(rows[i].kind).header, 0);
		head[rows[i].at + rows[i].len - 1] ^= 0x40;
		assert_unknown();
	}
}

static void squashfs_and_erofs__their_length__is_the_file_systems(void **state)
{
	put_noise(head, sizeof(head));
	put_text(head, "hsqs");
	put_le(head + 40, 5000000, 8);
	assert_int_equal(known(LB_IMAGE_SQUASHFS).length_bytes, 5000000);
	put_le(head + 40, 12, 8);
	assert_header(LB_IMAGE_SQUASHFS, LB_E(RANGE));
	put_noise(head, sizeof(head));
	put_le(head + 1024, 0xE0F5E1E2, 4);
	head[1024 + 12] = 12;
	put_le(head + 1024 + 36, 100, 4);
	assert_int_equal(known(LB_IMAGE_EROFS).length_bytes, 409600);
}

static void nothing__is_nothing(void **state)
{
	struct lb_image image;

	assert_int_equal(identify(&image, 0), LB_E(FORMAT));
	memset(head, 0, sizeof(head));
	assert_unknown();
	memset(head, 0xFF, sizeof(head));
	assert_unknown();
}

static void table__every_row__has_a_name_and_a_title(void **state)
{
	for (int kind = 0; kind < LB_IMAGE_COUNT; kind++) {
		assert_true(lb_image_name((enum lb_image_kind)kind)[0]);
		assert_true(lb_image_title((enum lb_image_kind)kind)[0]);
	}
	assert_string_equal(lb_image_name((enum lb_image_kind)LB_IMAGE_COUNT), "unknown");
}

TESTS(unit(uimage__good_header__says_name_length_and_what_to_sum),
      unit(uimage__each_bit_of_the_header__damage_is_seen),
      unit(uimage__every_truncation__is_a_uimage_that_ends_early),
      unit(fit__data_inside__says_its_length), unit(ext4__superblock__says_its_length),
      unit(trx__header__says_length_and_a_sum_that_is_not_inverted),
      unit(ubi__first_header__its_checksum_counts),
      unit(mbr__a_table_that_makes_sense__is_a_disk_as_long_as_its_last_start),
      unit(mbr__boot_sector_of_a_file_system__is_no_disk),
      unit(gpt__header_and_entries__both_checksums_count),
      unit(gpt__cut_before_the_last_entry__ends_early),
      unit(sysupgrade_tar__first_folder__names_the_board),
      unit(chk__board_id__is_the_rest_of_the_header),
      unit(dni__text_header__says_device_and_version),
      unit(tplink__each_header__says_hardware_and_length),
      unit(safeloader__table__must_be_where_it_belongs), unit(ubnt__header__its_checksum_counts),
      unit(seama__meta_data__name_the_board),
      unit(xiaomi__header__says_device_and_where_the_signature_is),
      unit(bare_magics__each__is_known_whatever_follows),
      unit(squashfs_and_erofs__their_length__is_the_file_systems), unit(nothing__is_nothing),
      unit(table__every_row__has_a_name_and_a_title))
