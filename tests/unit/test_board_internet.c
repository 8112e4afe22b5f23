#include <stdio.h>

#include "tests/unit/board_text.h"

#define URL "https://example.org/r1-medkit-latest.tar.gz"

static void internet__not_in_the_file__nothing_is_fetched_and_the_usual_certificates_are_trusted(
	void **state)
{
	struct lb_board b;

	lb_board_defaults(&b);
	assert_string_equal(b.internet_url, "");
	assert_string_equal(b.internet_ca, "/etc/ssl/certs/ca-certificates.crt");
	assert_int_equal(b.internet_dns_count, 0);
}

static void internet__every_key__reaches_its_field(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "internet { url = \"" URL "\" ca = /etc/ca.pem\n"
				   "dns = {\"9.9.9.9\", \"2620:fe::fe\"} }\n"
				   "menu { modes = {reboot, internet} }"),
			 0);
	assert_string_equal(b.internet_url, URL);
	assert_string_equal(b.internet_ca, "/etc/ca.pem");
	assert_int_equal(b.internet_dns_count, 2);
	assert_string_equal(b.internet_dns[0], "9.9.9.9");
	assert_string_equal(b.internet_dns[1], "2620:fe::fe");
	assert_int_equal(b.menu_modes[1], LB_MODE_INTERNET);
}

static void internet__wrong_values__one_sentence_says_what_to_write(void **state)
{
	static const char *const bad[] = {"http://example.org/medkit.tar.gz", "example.org",
					  "https://example.org", "https://example.org/",
					  "https:///medkit.tar.gz"};
	char file[200], said[300];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(file, sizeof(file), "internet {\nurl = \"%s\" }", bad[i]);
		(void)snprintf(said, sizeof(said),
			       "b.conf:2: internet.url must be the address of a medkit such as "
			       "\"https://example.org/router-medkit-latest.tar.gz\", not \"%s\"",
			       bad[i]);
		assert_refused(file, said);
	}
	assert_refused("internet { dns = {\"9.9.9.9\", \"dns.example.org\"} }",
		       "b.conf:1: internet.dns must list addresses of name servers such as "
		       "\"9.9.9.9\", not \"dns.example.org\"");
	assert_refused("internet { dns = {\"1.1.1.1\", \"1.1.1.2\", \"1.1.1.3\", \"1.1.1.4\"} }",
		       "b.conf:1: internet.dns must list at most 3 servers");
}

static void internet__mode_without_an_address__is_refused_where_the_mode_stands(void **state)
{
	assert_refused("menu {\nmodes = {reboot, internet} }",
		       "b.conf:2: menu.modes lists \"internet\", and internet.url is not set: say "
		       "where the medkit lies, or take the mode out");
}

TESTS(unit(internet__not_in_the_file__nothing_is_fetched_and_the_usual_certificates_are_trusted),
      unit(internet__every_key__reaches_its_field),
      unit(internet__wrong_values__one_sentence_says_what_to_write),
      unit(internet__mode_without_an_address__is_refused_where_the_mode_stands))
