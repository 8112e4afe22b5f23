#include "lifeboat/root/identity.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "plat/linux/files/files.h"
#include "plat/linux/machine/net.h"

void lb_identity_serial(const struct lb_board *board, char *out, size_t size)
{
	static const char *const files[] = {"/proc/device-tree/serial-number",
					    "/sys/class/dmi/id/product_serial"};
	char mac[18];

	(void)snprintf(out, size, "%s", board->serial);
	for (size_t i = 0; !out[0] && i < sizeof(files) / sizeof(files[0]); i++)
		if (lb_file_read(files[i], out, size) < 0)
			out[0] = '\0';
	if (!out[0] &&
	    lb_net_mac(board->lan_port_count > 0 ? board->lan_ports[0] : "eth0", mac) >= 0)
		(void)snprintf(out, size, "%s", mac);
}

void lb_identity_address(const struct lb_board *board, char *out, size_t size)
{
	struct in_addr in = {.s_addr = htonl(board->address)};
	char text[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &in, text, sizeof(text));
	(void)snprintf(out, size, "%s/%u", text, board->prefix_bits);
}
