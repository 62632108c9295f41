#!/usr/bin/env bash
# Builds dist-deb/isobath_VERSION_ARCH.deb, with Node.js and every dependency inside: a gateway needs nothing else.
#   systemd/deb/build.sh [amd64|arm64] ...       default: both
# DEB_COMPRESSION=0 is fast, for tests. Needs npm, and the Debian packages dpkg-dev, fakeroot, help2man and binutils-multiarch. Run `npm ci` before.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Of the line with long-term support; both architectures have it.
NODE_VERSION=24.21.0

for tool in npm dpkg-deb fakeroot help2man strip; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install dpkg-dev fakeroot help2man binutils-multiarch" >&2
    exit 1
  }
done
[ -f dist/cli/main.js ] || npm run --silent build

here=$PWD/systemd/deb
version=$(node -p 'require("./package.json").version')
built=$PWD/dist-deb
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$built"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

npm pack --silent --ignore-scripts --pack-destination "$work" >/dev/null
tar -xzf "$work"/isobath-*.tgz -C "$work"

# The manual: what --help says, one page for each command.
manual() {
  local pages=$1 command
  mkdir -p "$pages"
  printf '#!/bin/sh\nexec node %s "$@"\n' "$PWD/dist/cli/main.js" >"$work/isobath"
  chmod +x "$work/isobath"
  help2man --no-info --section=1 --name='run one CNN inference on several fog devices' "$work/isobath" >"$pages/isobath.1"
  for command in $("$work/isobath" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\+\) .*/\1/p' | grep -vx help); do
    printf '#!/bin/sh\n[ "$1" = --version ] && exec node %s --version\nexec node %s %s "$@"\n' \
      "$PWD/dist/cli/main.js" "$PWD/dist/cli/main.js" "$command" >"$work/isobath-$command"
    chmod +x "$work/isobath-$command"
    local name
    name=$("$work/isobath" --help | sed -n "s/^  $command .*  \+\([^ ].*\)/\1/p" | head -1)
    help2man --no-info --section=1 --name="${name:-$command}" "$work/isobath-$command" >"$pages/isobath-$command.1"
  done
  gzip -9n "$pages"/*.1
}
manual "$work/man"

build() {
  local arch=$1 cpu root lib doc
  case $arch in
    amd64) cpu=x64 ;;
    arm64) cpu=arm64 ;;
    *) echo "no such architecture: $arch (amd64, arm64)" >&2; return 1 ;;
  esac
  root=$work/$arch
  lib=$root/usr/lib/isobath
  doc=$root/usr/share/doc/isobath
  mkdir -p "$lib" "$doc" "$root/usr/bin" "$root/etc/isobath" "$root/usr/lib/systemd/system" "$root/usr/share/man/man1" \
    "$root/usr/share/lintian/overrides" "$root/DEBIAN"

  cp -r "$work/package/." "$lib"
  cp package-lock.json .npmrc "$lib"
  # tfjs-node is no part of the package: its native library is not in the registry
  (cd "$lib" && for step in 'pkg delete optionalDependencies.@tensorflow/tfjs-node scripts.prepare' 'install --package-lock-only' ci; do
    npm $step --silent --omit=dev --ignore-scripts --no-audit --no-fund --os=linux --cpu=$cpu --libc=glibc >/dev/null
  done)
  rm -rf "$lib/.npmrc" "$lib/package-lock.json" "$lib/node_modules/.package-lock.json" "$lib/systemd/deb" "$lib/docs/reports"
  find "$lib/node_modules/onnxruntime-node/bin" -mindepth 2 -maxdepth 2 ! -name linux -exec rm -rf {} +
  find "$lib/node_modules/onnxruntime-node/bin" -mindepth 3 -maxdepth 3 ! -name "$cpu" -exec rm -rf {} +
  find "$lib/node_modules" \( -name '*.map' -o -name '*.md' -o -name '*.markdown' -o -name '*.ts' -o -name '.*' -o -name '*.gyp*' -o -name '*.html' \
    -o -name '*.musl.node' \) \
    -type f -delete
  find "$lib/node_modules" -type d \( -name test -o -name tests -o -name .github -o -name docs -o -name example -o -name examples -o -name benchmarks -o -name .husky \) \
    -prune -exec rm -rf {} +
  find "$lib/node_modules" -depth -type d -empty -delete
  find "$lib" -type f -exec chmod 0644 {} +
  find "$lib" -type d -exec chmod 0755 {} +

  npm pack --silent --pack-destination "$work" "node-linux-$cpu@$NODE_VERSION" >/dev/null
  mkdir -p "$work/node-$cpu" "$lib/bin"
  tar -xzf "$work/node-linux-$cpu-$NODE_VERSION.tgz" -C "$work/node-$cpu"
  install -m 0755 "$work/node-$cpu/package/bin/node" "$lib/bin/node"
  install -m 0644 "$work/node-$cpu/package/LICENSE" "$lib/bin/LICENSE"
  strip --strip-unneeded "$lib/bin/node"
  find "$lib/node_modules" \( -name '*.node' -o -name '*.so' -o -name '*.so.*' \) -type f -exec strip --strip-unneeded {} +

  install -m 0755 "$here/launcher" "$root/usr/bin/isobath"
  install -m 0644 config/agent.yaml config/master.yaml config/broker.yaml "$root/etc/isobath"
  install -m 0644 systemd/*.service "$root/usr/lib/systemd/system"
  install -m 0644 "$work"/man/*.gz "$root/usr/share/man/man1"
  install -m 0644 "$here/copyright" docs/install.md "$doc"
  {
    printf 'isobath (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * See /usr/lib/isobath/CHANGELOG.md.\n\n'
    printf ' -- The Isobath authors <maintainers@isobath.invalid>  %s\n' "$(date -uRd "@$SOURCE_DATE_EPOCH")"
  } | gzip -9n >"$doc/changelog.gz"
  install -m 0644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/isobath"

  printf '/etc/isobath/%s.yaml\n' agent master broker >"$root/DEBIAN/conffiles"
  install -m 0755 "$here/postinst" "$here/prerm" "$here/postrm" "$root/DEBIAN"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f1)/" \
    "$here/control.in" >"$root/DEBIAN/control"
  (cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  fakeroot dpkg-deb --build -Zxz -z"${DEB_COMPRESSION:-6}" "$root" "$built/isobath_${version}_$arch.deb" >/dev/null
  echo "dist-deb/isobath_${version}_$arch.deb"
}

[ $# -gt 0 ] || set -- amd64 arm64
for arch in "$@"; do build "$arch"; done
