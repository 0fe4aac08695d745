#!/bin/bash
# Unpacks what keeps a cluster's accounts, slurmdbd and MariaDB, from Debian's packages into DIR. Nothing is installed, nothing started.
#   usage:  accounts.sh DIR       then:  ACCOUNTS=DIR HOSTS=1 up.sh
# Needs apt's lists (`apt-get update`) and the network once.
set -euo pipefail
D=$1; rm -rf "$D"; mkdir -p "$D"
packages=$(mktemp -d); trap 'rm -rf "$packages"' EXIT
cd "$packages"
apt-get -qq -o APT::Sandbox::User=root download slurmdbd slurm-wlm-mysql-plugin mariadb-server-core libmariadb3 liburing2 libaio1 libnuma1
for package in *.deb; do dpkg -x "$package" "$D"; done
# Where a merged /usr is not merged inside of packages.
[ ! -d "$D/lib" ] || cp -a "$D/lib/." "$D/usr/lib/"
LD_LIBRARY_PATH=$D/usr/lib/x86_64-linux-gnu "$D/usr/sbin/mariadbd" --no-defaults --version
