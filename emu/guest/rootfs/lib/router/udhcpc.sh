#!/bin/sh
# What udhcpc calls: $1 is the event, the lease is in the environment.
case $1 in
deconfig) ip addr flush dev "$interface" ;;
bound | renew)
	ip addr replace "$ip/${mask:-24}" dev "$interface"
	for gateway in $router; do ip route replace default via "$gateway"; break; done
	: >/tmp/resolv.conf
	for server in $dns; do echo "nameserver $server" >>/tmp/resolv.conf; done
	;;
esac
