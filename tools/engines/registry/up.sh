#!/usr/bin/env bash
# up.sh BIN FOLDER PORT: starts an OCI registry on loopback, without TLS and login, and prints its URL when it is ready.
# ../down.sh FOLDER ends it. It keeps nothing when it ends.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd) bin=$(cd "$1" && pwd) port=$3
. "$here/lib.sh"
open_folder "$2"
start registry "$bin/crane" registry serve --address "127.0.0.1:$port"
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET /v2/ HTTP/1.0\r\n\r\n' >&3 && read -r -t 1 line <&3 && [[ $line == *' 200 '* ]]); }
until_ready registry 20 answers
echo "http://127.0.0.1:$port"
