# How each run that fills a storage device begins: the kernel's file systems, then the modules in their order.
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

load_modules() {
	while read -r module params; do
		# shellcheck disable=SC2086 # a list of words
		case $module in /*) insmod "$module" $params || return ;; esac
	done </etc/lifeboat/modules
}
