/* A tar archive that comes in pieces. */
#include "tests/t.h"

#include <stdio.h>

#include "image/medkit.h"
#include "image/tar.h"
#include "tables/limits.h"
#include "tests/unit/image_bytes.h"

static uint8_t archive[64 * 512];
static size_t used;
static char seen[4096];

static void see(void *ctx, const struct lb_tar_header *h, const char *text, size_t text_len)
{
	const size_t n = strlen(seen);

	assert_int_equal(text[text_len], '\0');
	(void)snprintf(seen + n, sizeof(seen) - n, "%c%s=%llu:%.*s;", h->type, h->name,
		       (unsigned long long)h->size_bytes, text_len < 12 ? (int)text_len : 12, text);
}

static size_t data_told; /* by the other callback */

/* Whatever the pieces are, what is told stands where `data_at` says. */
static void see_data(void *ctx, const struct lb_tar_header *h, const uint8_t *data, size_t n)
{
	const struct lb_tar *t = ctx;
	const uint64_t done = h->size_bytes - t->data_left;

	assert_memory_equal(archive + t->data_at + done, data, n);
	data_told += n;
}

static void add(const char *name, const char *text, size_t size, char type)
{
	put_tar_header(archive + used, name, size, type);
	used += 512;
	if (type == '5')
		return;
	memset(archive + used, '#', (size + 511) / 512 * 512);
	memcpy(archive + used, text, strlen(text));
	used += (size + 511) / 512 * 512;
}

static void add_zeros(size_t blocks)
{
	memset(archive + used, 0, blocks * 512);
	used += blocks * 512;
}

static void begin(void)
{
	used = 0;
	add("./sysupgrade-a_b/", "", 0, '5');
	add("./sysupgrade-a_b/CONTROL", "BOARD=a_b\n", 10, '0');
	add("./sysupgrade-a_b/kernel", "", 512, '0');
	add("./sysupgrade-a_b/root", "", 1025, '0');
}

#define SEEN_FOUR                                                                            \
	"5sysupgrade-a_b/=0:;0sysupgrade-a_b/CONTROL=10:BOARD=a_b\n;0sysupgrade-a_b/kernel=" \
	"512:############;0sysupgrade-a_b/root=1025:############;"

/* In pieces of `step` bytes. */
static int walk(size_t n, size_t step)
{
	struct lb_tar t = lb_tar_init(see, &t);

	t.data = see_data;
	data_told = 0;
	seen[0] = '\0';
	for (size_t at = 0; at < n; at += step) {
		const size_t piece = n - at < step ? n - at : step;
		void *copy = exactly(archive + at, piece);

		lb_tar_feed(&t, copy, piece);
		free(copy);
	}
	return lb_tar_end(&t);
}

static void archive__in_pieces_of_any_size__members_are_the_same(void **state)
{
	begin();
	add_zeros(2);
	for (size_t step = 1; step < 1200; step += step < 20 ? 1 : 97) {
		assert_int_equal(walk(used, step), 0);
		assert_int_equal(data_told, 10 + 512 + 1025);
		assert_string_equal(seen, SEEN_FOUR);
	}
}

static void archive__every_truncation__is_not_complete(void **state)
{
	begin();
	add_zeros(2);
	for (size_t n = 0; n < used; n++)
		assert_int_equal(walk(n, 512), LB_E(TRUNC));
	assert_int_equal(walk(used, 512), 0);
}

static void archive__each_byte_of_a_header_changed__is_seen(void **state)
{
	begin();
	add_zeros(2);
	for (size_t at = 512; at < 1024; at++) {
		if (at == 512 + 155)
			continue; /* stands behind the NUL that ends the sum */
		archive[at] ^= 1;
		assert_true(walk(used, 512) < 0);
		archive[at] ^= 1;
	}
}

static void archive__what_follows_its_end__is_not_looked_at(void **state)
{
	begin();
	add_zeros(2);
	put_noise(archive + used, 2000);
	assert_int_equal(walk(used + 2000, 700), 0);
	assert_string_equal(seen, SEEN_FOUR);
}

static void archive__one_zero_block_in_the_middle__goes_on(void **state)
{
	used = 0;
	add("a", "x", 1, '0');
	add_zeros(1);
	add("b", "y", 1, '0');
	add_zeros(1);
	add("c", "z", 1, '0');
	add_zeros(2);
	assert_int_equal(walk(used, 512), 0);
	assert_string_equal(seen, "0a=1:x;0b=1:y;0c=1:z;");
}

static void long_names__gnu_and_pax__member_has_no_name(void **state)
{
	used = 0;
	add("././@LongLink", "sbin/init", 10, 'L');
	add("sbin/in", "x", 1, '0');
	add("x", "30 path=sbin/init\n", 18, 'x');
	add("sbin/init", "y", 1, '0');
	add("x", "30 mtime=1\n", 11, 'x');
	add("c", "z", 1, '0');
	add_zeros(2);
	assert_int_equal(walk(used, 512), 0);
	assert_string_equal(seen, "0=1:x;0=1:y;0c=1:z;");
}

static void size__in_gnus_binary_form__is_read(void **state)
{
	struct lb_tar_header h;

	put_tar_header(archive, "big", 0, '0');
	memset(archive + 124, 0, 12);
	archive[124] = 0x80;
	put_be(archive + 128, UINT64_C(9) << 30, 8);
	memset(archive + 148, ' ', 8);
	unsigned sum = 0;
	for (int i = 0; i < 512; i++)
		sum += archive[i];
	(void)snprintf((char *)archive + 148, 8, "%06o", sum);
	archive[155] = ' ';
	assert_int_equal(lb_tar_parse(&h, archive, 512), 0);
	assert_true(h.size_bytes == UINT64_C(9) << 30);
	assert_int_equal(lb_tar_parse(&h, archive, 511), LB_E(TRUNC));
}

static void prefix__of_ustar__stands_in_front(void **state)
{
	struct lb_tar_header h;
	unsigned sum = 0;

	put_tar_header(archive, "name", 0, '0');
	put_text(archive + 345, "a/folder");
	memset(archive + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += archive[i];
	(void)snprintf((char *)archive + 148, 8, "%06o", sum);
	archive[155] = ' ';
	assert_int_equal(lb_tar_parse(&h, archive, 512), 0);
	assert_string_equal(h.name, "a/folder/name");
}

static void board__in_the_folders_name__nothing_else_is_one(void **state)
{
	char board[LB_NAME_MAX];
	char longest[11 + 64 + 1] = "sysupgrade-";

	assert_int_equal(lb_sysupgrade_board(board, "sysupgrade-a,b/root"), 0);
	assert_string_equal(board, "a,b");
	assert_int_equal(lb_sysupgrade_board(board, "sysupgrade-/root"), LB_E(FORMAT));
	assert_int_equal(lb_sysupgrade_board(board, "sysupgrade-a\x1b/root"), LB_E(FORMAT));
	assert_int_equal(lb_sysupgrade_board(board, "etc/sysupgrade-a/root"), LB_E(FORMAT));
	memset(longest + 11, 'a', 64);
	assert_int_equal(lb_sysupgrade_board(board, longest), LB_E(FORMAT));
	longest[11 + 63] = '\0';
	assert_int_equal(lb_sysupgrade_board(board, longest), 0);
}

static void medkit__names_that_users_have__board_and_version(void **state)
{
	static const char *const rows[][3] = {
		{"omnia-medkit-202611200000.tar.gz", "omnia", "202611200000"},
		{"/mnt/usb/omnia-ng-medkit-min-latest.tar.gz", "omnia-ng", "latest"},
		{"mox-medkit-contract-cti-202001020304.tar.gz", "mox", "202001020304"},
		{"medkit-omnia.tar.gz", "omnia", ""},
		{"medkit-omnia-ng-202611200000.tar.gz", "omnia-ng", "202611200000"},
		{"medkit-mox-contract-shield-latest.tar.gz", "mox", "latest"},
	};
	static const char *const others[] = {"omnia-netboot-latest.tar.gz",
					     "omnia-medkit-1.zip",
					     "-medkit-1.tar.gz",
					     ".tar.gz",
					     "medkit-.tar.gz",
					     ""};
	struct lb_medkit_name name;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lb_medkit_name_parse(&name, rows[i][0]), 0);
		assert_string_equal(name.board, rows[i][1]);
		assert_string_equal(name.version, rows[i][2]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(lb_medkit_name_parse(&name, others[i]), LB_E(FORMAT));
}

static void medkit__its_members__tell_what_it_is_and_for_whom(void **state)
{
	struct lb_medkit_content c = {0};

	lb_medkit_member(&c, "boot/");
	lb_medkit_member(&c, "etc/turris-version.old");
	lb_medkit_member(&c, "usr/sbin/init");
	assert_false(c.boot || c.init || c.version || c.board);
	lb_medkit_member(&c, "sbin/init");
	lb_medkit_member(&c, "etc/turris-version");
	lb_medkit_member(&c, "boot/armada-385-turris-omnia-sfp.dtb");
	lb_medkit_member(&c, "boot/armada-385-turris-omnia-phy.dtb");
	assert_true(c.boot && c.init && c.version && !c.boards_differ);
	assert_string_equal(c.board, "omnia");
	lb_medkit_member(&c, "boot/armada-3720-turris-mox.dtb");
	assert_true(c.boards_differ);
}

TESTS(unit(archive__in_pieces_of_any_size__members_are_the_same),
      unit(archive__every_truncation__is_not_complete),
      unit(archive__each_byte_of_a_header_changed__is_seen),
      unit(archive__what_follows_its_end__is_not_looked_at),
      unit(archive__one_zero_block_in_the_middle__goes_on),
      unit(long_names__gnu_and_pax__member_has_no_name), unit(size__in_gnus_binary_form__is_read),
      unit(prefix__of_ustar__stands_in_front),
      unit(board__in_the_folders_name__nothing_else_is_one),
      unit(medkit__names_that_users_have__board_and_version),
      unit(medkit__its_members__tell_what_it_is_and_for_whom))
