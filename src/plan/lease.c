#include "plan/lease.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

#define PREFIX_USUAL 24

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool read_byte(struct lb_rd *r, uint32_t *out)
{
	uint32_t v = 0;
	size_t digits = 0;

	while (lb_rd_left(r) && is_digit(*r->p) && digits++ < 3)
		v = v * 10 + lb_rd_u8(r) - '0';
	*out = *out << 8 | v;
	return digits > 0 && v <= UINT8_MAX;
}

/* One dotted address, up to a blank or the end. */
static bool read_address(struct lb_rd *r, uint32_t *out)
{
	uint32_t address = 0;

	for (int i = 0; i < 4; i++)
		if ((i > 0 && lb_rd_u8(r) != '.') || !read_byte(r, &address))
			return false;
	if (lb_rd_left(r) && *r->p != ' ')
		return false;
	*out = address;
	return true;
}

/* Something that a packet may be sent to. */
static bool is_host(uint32_t address)
{
	return address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 14;
}

static bool read_host(struct lb_rd *r, uint32_t *out)
{
	return read_address(r, out) && is_host(*out);
}

/* Of a list the first. One that no host can have is left out: the address of the lease is still
 * worth having, and some servers fill in zeros for what they have not got. */
static bool read_router(struct lb_rd *r, uint32_t *out)
{
	uint32_t address;

	if (!read_address(r, &address))
		return false;
	*out = is_host(address) ? address : 0;
	return true;
}

static bool read_mask(struct lb_rd *r, unsigned *prefix_bits)
{
	uint32_t mask = 0;
	unsigned bits = 0;

	if (!read_address(r, &mask))
		return false;
	while (bits < 32 && mask & UINT32_C(0x80000000) >> bits)
		bits++;
	*prefix_bits = bits;
	return bits > 0 && (bits == 32 || mask << bits == 0);
}

static bool read_servers(struct lb_rd *r, struct lb_lease *out)
{
	while (lb_rd_left(r)) {
		uint32_t address;

		if (*r->p == ' ') {
			(void)lb_rd_u8(r);
			continue;
		}
		if (!read_address(r, &address))
			return false;
		if (is_host(address) && out->dns_count < LB_DNS_MAX)
			out->dns[out->dns_count++] = address;
	}
	return true;
}

static bool is(const struct lb_rd *name, const char *word)
{
	return lb_rd_left(name) == strlen(word) && memcmp(name->p, word, strlen(word)) == 0;
}

static bool read_line(struct lb_rd line, struct lb_lease *out)
{
	const size_t n = lb_rd_left(&line);
	const uint8_t *equal = memchr(line.p, '=', n);
	struct lb_rd name = lb_rd_sub(&line, equal ? (size_t)(equal - line.p) : n);

	if (!equal)
		return true;
	(void)lb_rd_u8(&line);
	if (lb_rd_left(&line) == 0)
		return true;
	if (is(&name, "ip"))
		return read_host(&line, &out->address) && lb_rd_left(&line) == 0;
	if (is(&name, "subnet"))
		return read_mask(&line, &out->prefix_bits);
	if (is(&name, "router"))
		return read_router(&line, &out->router);
	return !is(&name, "dns") || read_servers(&line, out);
}

int lb_lease_parse(struct lb_lease *out, const void *text, size_t n)
{
	struct lb_lease lease = {.prefix_bits = PREFIX_USUAL};
	struct lb_rd r = lb_rd_init(text, n);

	while (lb_rd_left(&r)) {
		const uint8_t *end = memchr(r.p, '\n', lb_rd_left(&r));
		const size_t len = end ? (size_t)(end - r.p) : lb_rd_left(&r);

		if (!read_line(lb_rd_sub(&r, len), &lease))
			return LB_E(FORMAT);
		if (end)
			(void)lb_rd_u8(&r);
	}
	if (lease.address == 0)
		return LB_E(FORMAT);
	*out = lease;
	return 0;
}

size_t lb_lease_cut(const char *list, size_t max)
{
	size_t n = strnlen(list, max + 1);

	if (n <= max)
		return n;
	for (n = max; n > 0 && list[n] != ' ';)
		n--;
	return n;
}
