#include "tests/t.h"

#include <stdio.h>

#include "web/page.h"

static char page[LB_PAGE_BYTES_MAX];

static struct lb_page_facts failsafe(void)
{
	return (struct lb_page_facts){
		.state = LB_STATE_FAILSAFE,
		.policy = LB_POLICY_OPEN,
		.board_name = "Example Router 1",
		.board = "example,router-1",
		.serial = "S/N 7",
		.address = "192.168.1.1",
		.why = "the button 'reset' was pressed in the window",
		.host_key = "SHA256:abc",
		.log = "boot 1: booting, window-over: nobody asked\nboot 2: failsafe, button: b\n",
		.has_status = true,
	};
}

static void render(const struct lb_page_facts *f)
{
	int n = lb_page_render(f, page, sizeof(page));

	assert_int_equal(n, (int)strlen(page));
	assert_non_null(strstr(page, "</body></html>\n"));
	assert_string_equal(page + n - strlen("</html>\n"), "</html>\n");
}

#define assert_says(text)     assert_non_null(strstr(page, text))
#define assert_says_not(text) assert_null(strstr(page, text))

static void page__failsafe__says_why_what_the_led_shows_and_how_to_get_in(void **state)
{
	struct lb_page_facts f = failsafe();

	render(&f);
	assert_says("<h1>Failsafe is active</h1>\n<p>Why: the button &#39;reset&#39; was pressed");
	assert_says("The LED blinks 10 times per second");
	assert_says("no password is asked: <code>ssh root@192.168.1.1</code>");
	assert_says("<code>SHA256:abc</code>");
	assert_says("lifeboat continue");
	assert_says(
		"boot 1: booting, window-over: nobody asked\nboot 2: failsafe, button: b\n</pre>");
	assert_says("example,router-1, serial S/N 7. For programs: <a href=\"/status.json\">");
	assert_says_not("<p class=\"note\">");
	assert_says_not("minutes");
}

static void page__failsafe_locked__asks_for_the_owners_password_and_leads_nowhere(void **state)
{
	struct lb_page_facts f = failsafe();

	f.policy = LB_POLICY_LOCKED;
	f.log[0] = '\0';
	f.has_status = false;
	(void)strcpy(f.notice, "the board file cannot be read");
	render(&f);
	assert_says("with the password or SSH key of your router: <code>ssh");
	assert_says("<p class=\"note\">Note: the board file cannot be read.</p>");
	assert_says_not("no password");
	assert_says_not("status.json");
	assert_says_not("<pre>");
}

static void page__nobody_can_log_in__says_so_and_gives_no_command(void **state)
{
	struct lb_page_facts f = failsafe();

	f.host_key[0] = '\0';
	render(&f);
	assert_says("Nobody can log in over SSH");
	assert_says_not("ssh root");
}

static void page__rescue__has_nothing_to_continue(void **state)
{
	struct lb_page_facts f = failsafe();

	f.state = LB_STATE_RESCUE;
	render(&f);
	assert_says("<h1>Rescue is active</h1>");
	assert_says("lit for 1 s and dark for 1 s");
	assert_says("lifeboat status");
	assert_says_not("lifeboat continue");
	assert_says_not("mount_root");
}

static void page__mode_that_lets_in__says_which_and_how_its_led_blinks(void **state)
{
	struct lb_page_facts f = failsafe();

	f.state = LB_STATE_RESCUE;
	f.mode = LB_MODE_SSH;
	render(&f);
	assert_says("<h1>Rescue mode 5 is active</h1>");
	assert_says("lit for 0.5 s and dark for 0.5 s");
	assert_says("ssh root@");
	assert_says_not("no system can be started");
}

static void page__failed_mode__shows_the_blinks_their_meaning_and_what_follows(void **state)
{
	struct lb_page_facts f = failsafe();

	f.state = LB_STATE_STARTING;
	f.mode = LB_MODE_FACTORY;
	f.blinks = LB_FAILURE_SNAPSHOT;
	f.left_s = 290;
	(void)strcpy(f.why, "rescue mode 3 (factory) failed: there is no factory snapshot");
	render(&f);
	assert_says("<h1>Rescue mode 3 has failed</h1>");
	assert_says("Why: rescue mode 3 (factory) failed: there is no factory snapshot.");
	assert_says("<p class=\"led\">&#9679; &#9679; &#9679; &#9679;</p>");
	assert_says(
		"blinks 4 times, pauses, and begins again: there is no snapshot to go back to.");
	assert_says("by itself in 5 minutes");
	assert_says_not("ssh root");
	f.left_s = 89;
	f.blinks = 1;
	render(&f);
	assert_says("blinks 1 time, pauses");
	assert_says("by itself in 89 s");
	f.left_s = 0;
	render(&f);
	assert_says("Switch the router off and on: if there is a system, it boots");
}

static void page__texts_with_markup__stay_texts(void **state)
{
	struct lb_page_facts f = failsafe();

	(void)strcpy(f.board_name, "<script>");
	(void)strcpy(f.board, "</body>&");
	(void)strcpy(f.serial, "\"'\x01\x7f");
	(void)strcpy(f.why, "</p><b onx='1'>");
	(void)strcpy(f.notice, "<i>");
	(void)strcpy(f.host_key, "</code><u>");
	(void)strcpy(f.address, "<s>/24");
	(void)strcpy(f.log, "</pre><em>\t\n");
	render(&f);
	for (size_t i = 0; i < 8; i++)
		assert_says_not(((const char *const[]){"<script", "</body>&", "<b ", "<i>", "<u>",
						       "<s>", "<em>", "\x01"})[i]);
	assert_says("- &lt;script&gt;</title>");
	assert_says("serial &#34;&#39;??. ");
	assert_says("ssh root@&lt;s&gt;</code>");
	assert_says("<pre>&lt;/pre&gt;&lt;em&gt;?\n</pre>");
}

static void fill(char *text, size_t size, char c)
{
	memset(text, c, size - 1);
	text[size - 1] = '\0';
}

static struct lb_page_facts longest(void)
{
	struct lb_page_facts f = failsafe();

	fill(f.board_name, sizeof(f.board_name), '\'');
	fill(f.board, sizeof(f.board), '\'');
	fill(f.serial, sizeof(f.serial), '\'');
	fill(f.address, sizeof(f.address), '\'');
	fill(f.why, sizeof(f.why), '\'');
	fill(f.notice, sizeof(f.notice), '\'');
	fill(f.host_key, sizeof(f.host_key), '\'');
	fill(f.log, sizeof(f.log), '\'');
	for (size_t i = 200; i < sizeof(f.log); i += 201)
		f.log[i] = '\n';
	return f;
}

static void page__all_texts_at_their_longest__fits_and_only_the_log_is_cut(void **state)
{
	struct lb_page_facts f = longest();

	render(&f);
	assert_says("&#39;.</p>\n</header>");
	(void)strcpy(f.log + sizeof(f.log) - 12, "\nlast line\n");
	render(&f);
	assert_says("\nlast line\n</pre>");
	assert_true(strlen(page) > LB_PAGE_BYTES_MAX - 1010); /* a line more would not fit */
}

static void page__long_log__loses_its_oldest_lines(void **state)
{
	struct lb_page_facts f = failsafe();
	char line[101];
	int n = 0;

	fill(line, sizeof(line), '&');
	for (int i = 1; i <= 16; i++)
		n += snprintf(f.log + n, sizeof(f.log) - (size_t)n, "boot %2d: %s\n", i, line);
	render(&f);
	assert_says_not("boot  1:");
	assert_says("<pre>boot ");
	assert_says("boot 16:");
	assert_true(strlen(page) > LB_PAGE_BYTES_MAX - 510);
}

static void page__less_room_than_it_takes__is_an_error_at_every_size(void **state)
{
	struct lb_page_facts f = failsafe();
	char cut[LB_PAGE_BYTES_MAX + 1];
	int whole;

	f.log[0] = '\0';
	whole = lb_page_render(&f, page, sizeof(page));
	for (size_t size = 0; size <= (size_t)whole; size++) {
		memset(cut, 'x', sizeof(cut));
		assert_int_equal(lb_page_render(&f, cut, size), LB_E(NOSPC));
		assert_int_equal(cut[size], 'x');
	}
	assert_int_equal(lb_page_render(&f, cut, (size_t)whole + 1), whole);
}

TESTS(unit(page__failsafe__says_why_what_the_led_shows_and_how_to_get_in),
      unit(page__failsafe_locked__asks_for_the_owners_password_and_leads_nowhere),
      unit(page__nobody_can_log_in__says_so_and_gives_no_command),
      unit(page__rescue__has_nothing_to_continue),
      unit(page__mode_that_lets_in__says_which_and_how_its_led_blinks),
      unit(page__failed_mode__shows_the_blinks_their_meaning_and_what_follows),
      unit(page__texts_with_markup__stay_texts),
      unit(page__all_texts_at_their_longest__fits_and_only_the_log_is_cut),
      unit(page__long_log__loses_its_oldest_lines),
      unit(page__less_room_than_it_takes__is_an_error_at_every_size))
