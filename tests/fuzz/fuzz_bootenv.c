/* The input is what an environment of a boot loader says, which others write too: a scheme, the
 * board's tries, then values, each ended by a zero; and the text of a place. */
#include "tests/fuzz/fuzz.h"

#include "plan/bootenv.h"

static void take_place(const char *text)
{
	struct lb_bootenv_place p, before;
	int rc;

	memset(&p, 'p', sizeof(p));
	before = p;
	rc = lb_bootenv_place_parse(&p, text);
	CHECK(rc == 0 || rc == LB_E(FORMAT));
	if (rc < 0) {
		CHECK(memcmp(&p, &before, sizeof(p)) == 0);
		return;
	}
	CHECK(memchr(p.device, 0, sizeof(p.device)) && p.device[0]);
	CHECK(p.size_bytes >= LB_BOOTENV_BYTES_MIN && p.size_bytes <= LB_BOOTENV_BYTES_MAX);
	CHECK(p.off_bytes <= INT64_MAX && p.sector_bytes <= LB_BOOTENV_BYTES_MAX);
}

/* Takes the text up to the next zero. */
static void take_value(char value[LB_BOOTENV_VALUE_MAX], const uint8_t **at, const uint8_t *end)
{
	const uint8_t *zero = memchr(*at, 0, (size_t)(end - *at));
	const size_t n = (size_t)((zero ? zero : end) - *at);

	if (n < LB_BOOTENV_VALUE_MAX)
		memcpy(value, *at, n);
	*at += n + (zero != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct lb_bootenv_vars vars, said;
	struct lb_slots_state s, again;
	const uint8_t *at = data + 2, *end = data + n;

	if (n < 2)
		return 0;
	const enum lb_bootenv_scheme scheme =
		(enum lb_bootenv_scheme)(data[0] % LB_BOOTENV_SCHEME_COUNT);
	const unsigned tries = data[1] % 100 + 1;
	const struct lb_slots_rules rules = {.tries = tries, .toggle = 3};
	char *text = strndup((const char *)at, n - 2);

	CHECK(text);
	take_place(text);
	free(text);
	lb_bootenv_ask(&vars, scheme);
	CHECK(vars.count <= LB_BOOTENV_VARS_MAX);
	for (size_t i = 0; i < vars.count && at < end; i++)
		take_value(vars.var[i].value, &at, end);
	lb_bootenv_decode(&s, &vars, scheme, tries);
	CHECK(s.active < LB_SLOTS_MAX && s.entered == s.active);
	for (int i = 0; i < LB_SLOTS_MAX; i++)
		CHECK(s.slot[i].tries <= tries);
	lb_bootenv_encode(&said, &s, scheme, &rules);
	CHECK(said.count <= LB_BOOTENV_VARS_MAX);
	lb_bootenv_ask(&vars, scheme);
	for (size_t i = 0; i < vars.count; i++)
		for (size_t j = 0; j < said.count; j++)
			if (strcmp(vars.var[i].name, said.var[j].name) == 0)
				vars.var[i] = said.var[j];
	lb_bootenv_decode(&again, &vars, scheme, tries);
	CHECK(memcmp(&s, &again, sizeof(s)) == 0); /* what is written says the same */
	return 0;
}
