#!/usr/bin/env bash
# up.sh BIN FOLDER PORT: starts a real Kubernetes on loopback with the ports PORT to PORT+5, and prints the path of the
# kubeconfig when it is ready.
# BIN is the folder of build.sh. There is no kubelet: kwok simulates the node and its pods. ../down.sh FOLDER ends it.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd) bin=$(cd "$1" && pwd) port=$3
. "$here/lib.sh"
open_folder "$2"
dir=$PWD server=https://127.0.0.1:$3

if [ ! -f ca.crt ]; then
  openssl genrsa -out sa.key 2048 2>/dev/null
  openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt -days 3650 -subj /CN=astro-test-ca \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout apiserver.key -out apiserver.csr -subj /CN=kube-apiserver 2>/dev/null
  openssl x509 -req -in apiserver.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out apiserver.crt -days 3650 2>/dev/null -extfile <(
    printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc\n')
fi
: >tokens.csv
for user in admin controllers scheduler kwok; do # one user per component, so that the audit log distinguishes their writes from the platform's
  echo "$user-token,$user,$user,\"system:masters\"" >>tokens.csv
  [ $user = admin ] && file=kubeconfig || file=$user.kubeconfig
  cat >"$file" <<K
apiVersion: v1
kind: Config
clusters: [{name: real, cluster: {server: "$server", certificate-authority-data: $(base64 <ca.crt | tr -d '\n')}}]
users: [{name: $user, user: {token: $user-token}}]
contexts: [{name: real, context: {cluster: real, user: $user}}]
current-context: real
K
done
cat >audit-policy.yaml <<'K'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: None, verbs: [get, list, watch]}
  - {level: RequestResponse, userGroups: ["system:serviceaccounts:astro-system"]}
  - {level: Metadata}
K

client=http://127.0.0.1:$((port + 1)) peer=http://127.0.0.1:$((port + 2))
start etcd "$bin/control-plane" etcd --data-dir etcd --unsafe-no-fsync --listen-client-urls "$client" --advertise-client-urls "$client" \
  --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
start apiserver "$bin/control-plane" apiserver --etcd-servers "$client" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$port" \
  --tls-cert-file apiserver.crt --tls-private-key-file apiserver.key --service-cluster-ip-range 10.96.0.0/16 --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file sa.pub --service-account-signing-key-file sa.key --token-auth-file tokens.csv \
  --authorization-mode RBAC --endpoint-reconciler-type none --allow-privileged --kubelet-preferred-address-types InternalIP \
  --audit-policy-file audit-policy.yaml --audit-log-path audit.log --audit-log-maxsize 10000 # megabytes; never rotated, since tests read the complete log
ask() { local path=$1; shift; curl -sf -m 5 --cacert ca.crt -H 'Authorization: Bearer admin-token' "$server$path" "$@"; }
until_ready apiserver 60 ask /readyz
start controllers "$bin/control-plane" controllers --kubeconfig controllers.kubeconfig --service-account-private-key-file sa.key --root-ca-file ca.crt \
  --use-service-account-credentials --kube-api-qps 500 --kube-api-burst 1000 --bind-address 127.0.0.1 --secure-port $((port + 3)) --leader-elect=false --cert-dir certs-controllers --authentication-skip-lookup \
  --node-monitor-grace-period 24h # kwok's heartbeats are late on a busy machine, and pods that become unready with the node stay unready
start scheduler "$bin/control-plane" scheduler --kubeconfig scheduler.kubeconfig --kube-api-qps 500 --kube-api-burst 1000 --bind-address 127.0.0.1 --secure-port $((port + 4)) --leader-elect=false \
  --cert-dir certs-scheduler --authentication-skip-lookup
touch pods.log
{
  cat "$bin/kwok-stages.yaml"
  printf -- '---\n'; cat "$here/kwok-failures.yaml" # failing images, depending on their tag
  printf -- '---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {name: all}\nspec: {logs: [{logsFile: "%s/pods.log", follow: true}]}\n' "$dir"
} >kwok.yaml
start kwok "$bin/kwok" --kubeconfig kwok.kubeconfig --config kwok.yaml --manage-all-nodes --cidr 10.244.0.1/24 --node-ip 127.0.0.1 --node-port $((port + 5))
# Without both addresses, kwok removes those of the node once a minute.
ask /api/v1/nodes/node-0 >/dev/null 2>&1 || ask /api/v1/nodes -H 'Content-Type: application/yaml' --data-binary @- >/dev/null <<'N'
apiVersion: v1
kind: Node
metadata: {name: node-0, labels: {kubernetes.io/os: linux, kubernetes.io/arch: amd64, kubernetes.io/hostname: node-0, topology.kubernetes.io/zone: a}}
status:
  addresses: [{type: InternalIP, address: 127.0.0.1}, {type: Hostname, address: node-0}]
  allocatable: {cpu: "32", memory: 256Gi, pods: "110"}
  capacity: {cpu: "32", memory: 256Gi, pods: "110"}
N
node_ready() { ask '/api/v1/nodes/node-0?pretty=false' | grep -q '"type":"Ready","status":"True"'; }
until_ready kwok 30 node_ready
account_ready() { ask /api/v1/namespaces/default/serviceaccounts/default; }
until_ready controllers 30 account_ready
echo "$dir/kubeconfig"
