#!/usr/bin/env bash
# build.sh BIN [NAME…]: builds nats-server, control-plane, kwok (with its stages), crane and mongo in BIN. Programs of the
# same sources and versions are not built again.
# NAME is nats, mongo, registry or kubernetes. Defaults to all of them.
set -euo pipefail
nats=v2.15.2 kwok=v0.8.0 crane=v0.22.1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && bin=$(cd "$1" && pwd)
shift; wanted=" ${*:-nats mongo registry kubernetes} "
exec 9>"$bin/.lock"; if command -v flock >/dev/null; then flock 9; fi # of concurrent calls, only one builds
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# make NAME KEY COMMAND…: runs the command, which must create $work/NAME, unless BIN contains NAME with that key.
make() {
  local name=$1 key; key=$(printf %s "$2" | sha256sum | cut -c1-16); shift 2
  [ -e "$bin/$name" ] && [ "$(cat "$bin/.$name.key" 2>/dev/null)" = "$key" ] && return
  command -v go >/dev/null || { echo "Go 1.26 is needed to build $name" >&2; exit 1; }
  echo "building $name ..." >&2
  "$@"
  mv "$work/$name" "$bin/$name" && echo "$key" >"$bin/.$name.key"
}
install() { GOBIN=$work go install "$1"; }
# Version that the server reports to kubectl and charts. Defaults to v0.0.0.
kubernetes_version='-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36'
program() { cp -r "$here/$1" "$work/src-$1"; (cd "$work/src-$1" && go build -ldflags "-s -w ${3:-}" -o "$work/$2" .); }
stages() {
  local dir; dir=$(go mod download -json "sigs.k8s.io/kwok@$kwok" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/kustomize/stage
  for file in "$dir"/node/fast/node-initialize.yaml "$dir"/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml "$dir"/pod/fast/pod-*.yaml; do
    printf -- '---\n'; cat "$file"
  done >"$work/kwok-stages.yaml"
}
sources() { cat "$here/$1"/go.* "$here/$1"/*.go; }

wants() { [[ $wanted == *" $1 "* ]]; }

if wants nats; then make nats-server "$nats" install "github.com/nats-io/nats-server/v2@$nats"; fi
if wants registry; then make crane "$crane" install "github.com/google/go-containerregistry/cmd/crane@$crane"; fi
if wants kubernetes; then
  make kwok "$kwok" install "sigs.k8s.io/kwok/cmd/kwok@$kwok"
  make kwok-stages.yaml "$kwok" stages
  make control-plane "$(sources kubernetes) $kubernetes_version" program kubernetes control-plane "$kubernetes_version"
fi
wants mongo || exit 0
make mongo "$(sources mongo)" program mongo mongo

if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing postgresql ..." >&2
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql) >&2
  else
    echo "PostgreSQL is needed for the MongoDB-protocol server (Debian: apt-get install postgresql)" >&2; exit 1
  fi
fi
