#!/bin/sh
# Generates ogive.pb.swift from ogive.proto.
#
# Needs protoc (Debian: protobuf-compiler) and protoc-gen-swift of the swift-protobuf release that
# Package.resolved names, which the build makes as .build/debug/protoc-gen-swift:
#   swift build --product protoc-gen-swift --explicit-target-dependency-import-check error
# Usage: generate.sh [PATH OF protoc-gen-swift]; without it the one in PATH is taken.
set -eu
cd "$(dirname "$0")"
plugin=${1:-$(command -v protoc-gen-swift)} || {
    echo "generate.sh: no protoc-gen-swift in PATH; give its path as the argument" >&2
    exit 1
}
protoc --plugin=protoc-gen-swift="$plugin" --swift_opt=Visibility=Internal \
    --swift_opt=UseAccessLevelOnImports=true --swift_out=. ogive.proto
# Messages of many fields are kept in a class whose empty instance the generator marks as
# nonisolated(unsafe), but not its use. It is never changed, so using it is safe.
sed -i 's/= _StorageClass\.defaultInstance$/= unsafe _StorageClass.defaultInstance/' ogive.pb.swift
