/* What is said of a tar before it is unpacked is what comes of it when it is: each archive is asked
 * about and unpacked. They are made here, block by block: tar(1) makes none of the bad ones. */
#include "tests/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "install/tree.h"
#include "install/tree_check.h"
#include "tests/unit/tree_top.h"

static FILE *tar;

static void begin(void)
{
	tar = fopen("a.tar", "w");
	assert_non_null(tar);
}

/* One member with `size` bytes of 'x'; `content` instead of them when it is given. */
static void add_with(const char *name, char type, const char *target, const char *content,
		     size_t size)
{
	char block[512] = {0};
	unsigned sum = 0;

	assert_in_range(snprintf(block, 100, "%s", name), 0, 99);
	(void)strcpy(block + 100, "0000644");
	(void)strcpy(block + 108, "0000000");
	(void)strcpy(block + 116, "0000000");
	(void)snprintf(block + 124, 12, "%011zo", size);
	(void)strcpy(block + 136, "13371337137");
	memset(block + 148, ' ', 8);
	block[156] = type;
	assert_in_range(snprintf(block + 157, 100, "%s", target), 0, 99);
	memcpy(block + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (uint8_t)block[i];
	(void)snprintf(block + 148, 8, "%06o", sum);
	assert_int_equal(fwrite(block, 1, sizeof(block), tar), sizeof(block));
	for (size_t i = 0; i < (size + 511) / 512 * 512; i++)
		assert_int_equal(fputc(i >= size ? 0 : content ? content[i] : 'x', tar) == EOF, 0);
}

static void add(const char *name, char type, const char *target, size_t size)
{
	add_with(name, type, target, NULL, size);
}

/* "N key=value\n" in front of the next member. */
static void add_pax(const char *key, const char *value, size_t n)
{
	char text[64 << 10];
	size_t len = strlen(key) + n + 3, digits = 1;

	while (snprintf(text, sizeof(text), "%zu", len + digits) != (int)digits)
		digits++;
	(void)snprintf(text, sizeof(text), "%zu %s=", len + digits, key);
	memcpy(text + len + digits - n - 1, value, n);
	text[len + digits - 1] = '\n';
	add_with("pax", 'x', "", text, len + digits);
}

static void end(void)
{
	static const char zeros[1024];

	assert_int_equal(fwrite(zeros, 1, sizeof(zeros), tar), sizeof(zeros));
	assert_int_equal(fclose(tar), 0);
	sh("gzip -kf a.tar");
}

static int asked(struct lb_tree_check *c)
{
	int fd = open("a.tar", O_RDONLY);
	uint8_t piece[1000];
	ssize_t n;

	assert_int_equal(lb_tree_check_begin(c), 0);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		lb_tree_check_feed(c, piece, (size_t)n);
	assert_int_equal(close(fd), 0);
	return lb_tree_check_end(c);
}

static int unpacked(void)
{
	static const struct lb_tree_limits any = {0};
	struct lb_tree_report r;
	int archive = open("a.tar.gz", O_RDONLY), dir = open("out", O_RDONLY | O_DIRECTORY), rc;

	assert_true(archive >= 0 && dir >= 0);
	rc = lb_tree_unpack(archive, dir, &any, &r);
	assert_int_equal(close(archive) | close(dir), 0);
	return rc;
}

static void good(void)
{
	static struct lb_tree_check c;

	end();
	assert_int_equal(asked(&c), 0);
	assert_string_equal(c.why, "");
	assert_int_equal(unpacked(), 0);
}

static void bad(const char *words)
{
	static struct lb_tree_check c;

	end();
	assert_true(asked(&c) < 0);
	if (!strstr(c.why, words))
		fail_msg("'%s' does not say '%s'", c.why, words);
	assert_true(unpacked() < 0);
	begin();
}

static void check__trees_as_they_are__are_taken(void **state)
{
	static struct lb_tree_check c;

	begin();
	add("./", '5', "", 0);
	add("./etc/", '5', "", 0);
	add("./etc/shadow", '0', "", 5000);
	add("./etc/same", '1', "./etc/shadow", 0);
	add("./etc/third", '1', "etc/same", 0);
	add("./var", '2', "tmp", 0);
	add("./var", '2', "run", 0);
	add("./also", '1', "./var", 0);
	add("usr/lib/deep/file", '0', "", 1);
	add("usr/lib/deep", '5', "", 0);
	add("./etc/same", '0', "", 3000);
	add("./pipe", '6', "", 0);
	add("./\xff\xfe name", '0', "", 1);
	add_pax("path", "n\xc3\xa4me", 5);
	add("long", '0', "", 1);
	good();

	sh("cd in && " FURNISH FURNISHED
	   " && truncate -s 1T hole && tar --sparse --format=pax -cf ../a.tar . && rm hole");
	assert_int_equal(asked(&c), 0);
	assert_in_range(c.room_bytes, 3000000, 3100000);
	sh("tar -C in --format=gnu -cf a.tar .");
	assert_int_equal(asked(&c), 0);
	assert_in_range(c.room_bytes, 3000000, 3100000);
}

static void check__what_leads_elsewhere__is_refused_as_by_who_unpacks(void **state)
{
	begin();
	add("a/../../escaped", '0', "", 1);
	bad("a path that leads elsewhere");
	add_pax("path", "../escaped", 10);
	add("x", '0', "", 1);
	bad("a path that leads elsewhere");
	add("out", '2', "/tmp", 0);
	add("out/escaped", '0', "", 1);
	bad("behind a link: out");
	add("a", '0', "", 1);
	add("b", '1', "../a", 0);
	bad("a link that leads elsewhere");
	add("to", '2', "etc", 0);
	add("etc/x", '0', "", 1);
	add("y", '1', "to/x", 0);
	bad("behind a link: to");
	end();
}

static void check__links_to_nothing__are_refused_as_by_who_unpacks(void **state)
{
	begin();
	add("b", '1', "never", 0);
	bad("a link to what is not there before it: never");
	add("later1", '1', "later2", 0);
	add("later2", '0', "", 1);
	bad("not there before it");
	add("self", '0', "", 1);
	add("self", '1', "self", 0);
	bad("not there before it");
	add("dir", '5', "", 0);
	add("d2", '1', "dir", 0);
	bad("not there before it");
	add("empty", '2', "", 0);
	bad("whose target is empty");
	end();
}

static void check__one_name_for_two_kinds__is_refused_as_by_who_unpacks(void **state)
{
	begin();
	add("a", '5', "", 0);
	add("a", '0', "", 1);
	bad("a directory and something else of one name: a");
	add("b", '0', "", 1);
	add("b", '5', "", 0);
	bad("a directory and something else of one name: b");
	add("c/d", '0', "", 1);
	add("c", '2', "x", 0);
	bad("a directory and something else of one name: c");
	add("f", '0', "", 1);
	add("f/g", '0', "", 1);
	bad("behind a link: f");
	end();
}

static void check__attributes_that_no_card_keeps__are_refused_as_by_who_unpacks(void **state)
{
	char name[300];

	begin();
	add_pax("SCHILY.xattr.nobodys.note", "1", 1);
	add("a", '0', "", 1);
	bad("nobodys.note: a");
	add_pax("SCHILY.xattr.user.note", "1", 1);
	add("b", '2', "x", 0);
	bad("user.note: b");
	memset(name, 'n', sizeof(name));
	add_pax("path", name, sizeof(name));
	add("c", '0', "", 1);
	bad("a name that is too long");
	end();
}

static void check__attributes_of_a_system__are_taken(void **state)
{
	static const char capability[] = "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0";

	if (geteuid() != 0)
		skip();
	begin();
	add_pax("SCHILY.xattr.security.capability", capability, sizeof(capability));
	add("ping", '0', "", 100);
	add_pax("SCHILY.xattr.trusted.note", "x", 1);
	add("link", '2', "x", 0);
	add_pax("mtime", "-5000000000.5", 13);
	add("old", '0', "", 1);
	add_pax("comment", "of all", 6);
	add("null", '3', "", 0);
	good();
}

/* What lies beside its name is there twice, and names take room too. */
static void check__many_small_files__take_more_than_their_archive(void **state)
{
	static struct lb_tree_check c;
	char name[32];

	begin();
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "d/%u", i);
		add(name, '0', "", 1500);
	}
	end();
	assert_int_equal(asked(&c), 0);
	assert_int_equal(c.entries, 5001); /* and their directory */
	assert_in_range(c.room_bytes, 5000 * 2 * 2000, 5000 * 3 * 2100);
}

static void check__no_tar_at_all__is_refused(void **state)
{
	static struct lb_tree_check c;

	sh("head -c 5000000 /dev/urandom >a.tar");
	assert_true(asked(&c) < 0);
	assert_non_null(strstr(c.why, "is damaged"));
}

#define in_top(f) cmocka_unit_test_setup_teardown(f, make_top, remove_top)

TESTS(in_top(check__trees_as_they_are__are_taken),
      in_top(check__what_leads_elsewhere__is_refused_as_by_who_unpacks),
      in_top(check__links_to_nothing__are_refused_as_by_who_unpacks),
      in_top(check__one_name_for_two_kinds__is_refused_as_by_who_unpacks),
      in_top(check__attributes_that_no_card_keeps__are_refused_as_by_who_unpacks),
      in_top(check__attributes_of_a_system__are_taken),
      in_top(check__many_small_files__take_more_than_their_archive),
      in_top(check__no_tar_at_all__is_refused))
