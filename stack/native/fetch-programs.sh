#!/usr/bin/env bash
# Fetches the service programs, with every library that they need, into a private directory.
#
#   fetch-programs.sh DIRECTORY
#
# Nothing is installed: apt works with a configuration, lists and an empty package status of its own, so that it
# resolves the whole closure (the C library too), and the packages are only unpacked. The programs run through the
# unpacked loader (see programs.ts), so that the machine's own libraries do not matter. Needs no root.
# DIRECTORY/.complete is written last: without it the directory is to be fetched again.
set -euo pipefail

directory=${1:?usage: fetch-programs.sh DIRECTORY}
fail() { echo "$1" >&2; exit 1; }

command -v apt-get dpkg-deb >/dev/null || fail 'this is not a Debian or Ubuntu machine: no apt-get and dpkg-deb'
# shellcheck source=/dev/null
. /etc/os-release
monitoring=(prometheus prometheus-alertmanager prometheus-{mysqld,redis,node}-exporter)
case $ID in
debian)
  # Debian stable has no MySQL. Redis is the running release's; the rest comes from unstable.
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg suites=(unstable "$VERSION_CODENAME") components=main
  redis_release=$VERSION_CODENAME
  packages=('mysql-server-core=9.7.*' 'mysql-client-core=9.7.*' radosgw docker-compose "${monitoring[@]}") ;;
ubuntu)
  # 22.04 has Redis 6 and a radosgw that cannot run alone: take 24.04's on every Ubuntu.
  keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg suites=(noble noble-updates) components='main universe'
  redis_release=noble
  packages=(mysql-server-core-8.0 mysql-client-core-8.0 radosgw docker-compose-v2 "${monitoring[@]}") ;;
*) fail "no packages are known for $ID" ;;
esac
[[ -r $keyring ]] || fail "the archive's keys are missing: $keyring"

# The archive that the machine itself uses for its release, in whatever format its sources are written.
archive=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
  awk -v release="$VERSION_CODENAME" '$1 == release && $2 == "main" { print $3; exit }')
[[ -n $archive ]] || fail "the machine's apt sources name no archive for $VERSION_CODENAME main"

rm -rf "$directory"
work=$(mktemp -d "$directory.fetching.XXXXXX")
mkdir -p "$work/lists/partial" "$work"/{redis,others}/partial "$work/root"
trap 'rm -rf "$work"' EXIT
: >"$work/status"
for suite in "${suites[@]}"; do
  echo "deb [signed-by=$keyring] $archive $suite $components"
done >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::Etc { sourcelist "$work/sources.list"; sourceparts "/dev/null"; preferences "/dev/null"; preferencesparts "/dev/null"; };
Dir::State { lists "$work/lists"; status "$work/status"; extended_states "$work/extended_states"; };
Dir::Cache "$work";
Acquire { Languages "none"; Retries "3"; IndexTargets::deb::DEP-11::DefaultEnabled "false"; };
APT { Default-Release "${suites[0]}"; Install-Recommends "false"; Sandbox::User ""; Keep-Downloaded-Packages "true"; };
Debug::NoLocking "true";
END
export APT_CONFIG=$work/apt.conf DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# Two closures, because the releases' libraries may exclude each other; of two versions of one library the newer
# release's is unpacked last and serves both.
download() { apt-get -qq -y --download-only -o Dir::Cache::archives="$work/$1" install "${@:2}"; }
download redis -t "$redis_release" redis-server redis-tools
download others "${packages[@]}"

for package in "$work"/redis/*.deb "$work"/others/*.deb; do
  case ${package##*/} in # interpreters and data that none of the programs reads
  perl* | libperl* | python3* | libpython3* | debconf* | media-types* | tzdata*) continue ;;
  esac
  dpkg-deb -x "$package" "$work/root"
done
find "$work/root/usr/bin" "$work/root/usr/sbin" -type f | while read -r program; do
  case ${program##*/} in
  mysqld | mysql | mysqldump | mysqlbinlog | redis-server | redis-check-rdb | redis-cli | redis-benchmark | radosgw | radosgw-admin) ;;
  prometheus | promtool | prometheus-*) ;;
  *) rm "$program" ;;
  esac
done
# The distribution's Alertmanager reads its templates where they are installed: from where it works instead (`.` is a
# path of the same length, so that nothing else in the program moves).
installed=/usr/share/prometheus/alertmanager here=$(printf './%.0s' {1..17})
sed -i "s#$installed#$here#g" "$work/root/usr/bin/prometheus-alertmanager"
rm -rf "$work"/root/usr/share/{doc,man,locale,lintian,gcc,gdb,icu,bash-completion} \
  "$work"/root/usr/lib/*-linux-gnu/{gconv,perl*}
mkdir -p "$directory"
mv "$work/root" "$directory/root"
touch "$directory/.complete"
