#!/usr/bin/env bash
# Provides the real InfluxDB 2 server for tests and development, built from its Go module, and prints the path of the binary.
# About 7 minutes on two cores, once; then at once. Kept in OCTROI_SERVERS_DIR (default ~/.cache/octroi-servers).
# Needs Go (the version that the module asks for), Rust with cargo, a C compiler and pkg-config.
set -euo pipefail
version=v2.9.1
folder=${OCTROI_SERVERS_DIR:-$HOME/.cache/octroi-servers}
binary=$folder/influxd-$version
if [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi
for tool in go cargo pkg-config cc; do
  if ! command -v "$tool" >/dev/null; then
    echo "influxd.sh: $tool is missing; it builds influxd $version" >&2
    exit 1
  fi
done
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Flux pins an old Rust toolchain, which rustup would fetch: the installed one does.
if command -v rustup >/dev/null; then
  RUSTUP_TOOLCHAIN=$(rustup show active-toolchain | head -1 | cut -d' ' -f1)
  export RUSTUP_TOOLCHAIN
fi
# Flux treats warnings as errors, and newer compilers warn of more. RUSTFLAGS would not reach its build scripts.
printf '#!/bin/sh\nexec "$@" --cap-lints warn\n' >rustc-capped
chmod +x rustc-capped
export RUSTC_WRAPPER=$work/rustc-capped GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=1
{
  # A module with replace lines cannot be installed by name: it is required by an empty one.
  go mod init local/influxd
  go get "github.com/influxdata/influxdb/v2/cmd/influxd@$version"
  # This pkg-config builds Flux's Rust library when cgo asks for it.
  go get github.com/influxdata/pkg-config
  go build -o flux-pkg-config github.com/influxdata/pkg-config
  # Without the tag `assets` there are no pages of its own; the API is whole.
  if ! PKG_CONFIG=$work/flux-pkg-config PKG_CONFIG_LOG=$work/pkg-config.log go build -p 2 -tags sqlite_foreign_keys,sqlite_json \
    -ldflags "-s -w -X main.version=$version" -o "$work/influxd" github.com/influxdata/influxdb/v2/cmd/influxd; then
    tail -50 "$work/pkg-config.log"
    exit 1
  fi
} >&2
mv "$work/influxd" "$binary"
echo "$binary"
