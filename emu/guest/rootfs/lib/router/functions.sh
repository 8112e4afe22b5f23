# Read /etc/config files as OpenWrt writes them.
#
#   uci_get FILE SECTION OPTION [DEFAULT]    one value, or the words of a list
#
# SECTION is the name of a section, or @TYPE for the first section of that type.

uci_get() {
	value=$(awk -v section="$2" -v option="$3" '
		function bare(word) { gsub(/^["\047]|["\047]$/, "", word); return word }
		function rest(from,   text, i) {
			text = $from
			for (i = from + 1; i <= NF; i++) text = text " " $i
			return bare(text)
		}
		$1 == "config" { here = (bare($3) == section || "@" bare($2) == section) && !seen; seen = seen || here }
		here && $1 == "option" && bare($2) == option { print rest(3) }
		here && $1 == "list" && bare($2) == option { print rest(3) }
	' "/etc/config/$1" 2>/dev/null)
	set -- "$4" $value
	default=$1
	shift
	echo "${*:-$default}"
}
