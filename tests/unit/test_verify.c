/* Verification of bytes that somebody else reads. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/verify.h"
#include "tests/unit/image_bytes.h"

#define ID "0102030405060708"

static struct lb_verified verified;
static struct lb_board board;
static char folder[] = "/tmp/lifeboat-verify-XXXXXX";
static char why[LB_SENTENCE_MAX];
static uint8_t secret[64], image[20000];
static size_t used;

/* "Ed", the id, and what is the key's or the signature's own, as usign writes it. */
static size_t usign_text(char *out, size_t size, const uint8_t *own, size_t n)
{
	uint8_t raw[74] = {'E', 'd', 1, 2, 3, 4, 5, 6, 7, 8};
	size_t at = (size_t)snprintf(out, size, "untrusted comment: x\n");

	memcpy(raw + 10, own, n);
	(void)sodium_bin2base64(out + at, size - at, raw, 10 + n, sodium_base64_VARIANT_ORIGINAL);
	at = strlen(out);
	out[at] = '\n';
	return at + 1;
}

static int set_up(void **state)
{
	uint8_t key[32];
	char text[256], path[256];
	size_t n;
	FILE *f;

	if (sodium_init() < 0 || !mkdtemp(folder))
		return -1;
	(void)crypto_sign_keypair(key, secret);
	n = usign_text(text, sizeof(text), key, sizeof(key));
	(void)snprintf(path, sizeof(path), "%s/" ID, folder);
	f = fopen(path, "w");
	if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
		return -1;
	lb_board_defaults(&board);
	return 0;
}

static int tear_down(void **state)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/" ID, folder);
	return unlink(path) < 0 || rmdir(folder) < 0 ? -1 : 0;
}

/* An image whose noise starts with `first`, with a signature over it behind it. */
static void make_signed_image(uint8_t first)
{
	uint8_t signature[64];
	char text[256];

	put_noise(image, 10000);
	image[0] = first;
	(void)crypto_sign_detached(signature, NULL, image, 10000, secret);
	used = put_fwtool_block(image, 10000, 0, text,
				usign_text(text, sizeof(text), signature, sizeof(signature)));
}

static struct lb_verify_ask ask_for(enum lb_door door)
{
	return (struct lb_verify_ask){
		.image = "-", .fd = -1, .board = &board, .keys = folder, .door = door};
}

static enum lb_trust verify_pieces(const uint8_t *first, int again)
{
	const struct lb_verify_ask ask = ask_for(LB_DOOR_COMMAND);

	assert_int_equal(lb_verify_begin(&verified, &ask, why), 0);
	lb_verify_feed(&verified, first, 1);
	lb_verify_feed(&verified, first + 1, used - 1);
	lb_verify_end(&verified, again, 7);
	return verified.trust.state;
}

/* A file that holds the image from its byte 7 on. */
static int file_of(const uint8_t *bytes, size_t n)
{
	int fd = memfd_create("image", 0);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, 7), (ssize_t)n);
	return fd;
}

static void signature_inside__with_a_second_reading__is_good(void **state)
{
	int fd;

	make_signed_image(1);
	fd = file_of(image, used);
	assert_int_equal(verify_pieces(image, fd), LB_TRUST_GOOD);
	assert_string_equal(verified.trust.id, ID);
	(void)close(fd);
}

static void signature_inside__without_a_second_reading__is_refused(void **state)
{
	make_signed_image(1);
	assert_int_equal(verify_pieces(image, -1), LB_TRUST_READ_ONCE);
	assert_true(verified.verdict.refused[LB_REFUSAL_SIGNATURE]);
}

/* What was read first is not what was signed. */
static void signature_inside__second_reading_brings_other_bytes__is_wrong(void **state)
{
	static uint8_t evil[sizeof(image)];
	int fd;

	make_signed_image(1);
	fd = file_of(image, used);
	memcpy(evil, image, used);
	evil[5000] ^= 1;
	(void)put_fwtool_block(evil, 10000, 0, (const char *)image + 10000, used - 10000 - 16);
	assert_int_equal(verify_pieces(evil, fd), LB_TRUST_WRONG);
	assert_string_equal(verified.scan.damage, "");
	(void)close(fd);
}

static void signature_inside__image_from_a_pipe__is_good(void **state)
{
	struct lb_verify_ask ask = ask_for(LB_DOOR_NETWORK);
	int ends[2];

	make_signed_image(1);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], image, used), (ssize_t)used);
	(void)close(ends[1]);
	ask.fd = ends[0];
	assert_int_equal(lb_verify_image(&verified, &ask, why), 0);
	assert_int_equal(verified.trust.state, LB_TRUST_GOOD);
	assert_false(verified.verdict.refused[LB_REFUSAL_SIGNATURE]);
	(void)close(ends[0]);
}

/* By the defaults, and with one policy changed. */
static void unsigned_image__door_by_door__goes_by_the_boards_policy(void **state)
{
	static const struct {
		enum lb_door door, required_for; /* COUNT: as it is by default */
		bool taken;
	} rows[] = {
		{LB_DOOR_COMMAND, LB_DOOR_COUNT, true},
		{LB_DOOR_REMOVABLE, LB_DOOR_COUNT, true},
		{LB_DOOR_NETWORK, LB_DOOR_COUNT, false},
		{LB_DOOR_COMMAND, LB_DOOR_REMOVABLE, true},
		{LB_DOOR_REMOVABLE, LB_DOOR_REMOVABLE, false},
		{LB_DOOR_COMMAND, LB_DOOR_COMMAND, false},
		{LB_DOOR_REMOVABLE, LB_DOOR_COMMAND, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct lb_verify_ask ask = ask_for(rows[i].door);

		lb_board_defaults(&board);
		if (rows[i].required_for < LB_DOOR_COUNT)
			board.signature_required[rows[i].required_for] = true;
		assert_int_equal(lb_verify_begin(&verified, &ask, why), 0);
		lb_verify_feed(&verified, "noise", 5);
		lb_verify_end(&verified, -1, 0);
		assert_int_equal(!verified.verdict.refused[LB_REFUSAL_SIGNATURE], rows[i].taken);
	}
	lb_board_defaults(&board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_inside__with_a_second_reading__is_good),
		cmocka_unit_test(signature_inside__without_a_second_reading__is_refused),
		cmocka_unit_test(signature_inside__second_reading_brings_other_bytes__is_wrong),
		cmocka_unit_test(signature_inside__image_from_a_pipe__is_good),
		cmocka_unit_test(unsigned_image__door_by_door__goes_by_the_boards_policy),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
