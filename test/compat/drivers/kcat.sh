#!/usr/bin/env bash
# kcat (librdkafka 2.0.2 in Debian 12: an old client on purpose).
set -euo pipefail
command -v kcat >/dev/null || exit 77
[ "$1" = probe ] && exit 0
if [ "$1" = member ]; then
  # Tells what it was assigned on stderr; `exec`, so that signals reach it.
  exec 3>&1
  exec kcat -b "$2" -G "$4" -u -f '{"p":%p,"o":%o}\n' -X auto.offset.reset=earliest -X partition.assignment.strategy=range,roundrobin \
    -X session.timeout.ms=10000 -X heartbeat.interval.ms=300 "$3" 2> >(
    while IFS= read -r line; do
      case $line in
      *"): revoked:"*) echo '{"assigned":[]}' >&3 ;;
      *"): assigned:"*) echo "{\"assigned\":[$(grep -oE '\[[0-9]+\]' <<<"${line#*assigned:}" | tr -d '[]' | paste -sd, -)]}" >&3 ;;
      esac
    done
  )
elif [ "$1" = admin ]; then
  kcat -b "$2" -L -J | python3 -c 'import json, sys; json.load(sys.stdin); print("{}")'
elif [ "$1" = produce ]; then
  bootstrap=$2 topic=$3 codec=$4 count=$5
  pad=$(printf 'x%.0s' $(seq 64))
  for p in 0 1 2; do
    for ((i = p; i < count; i += 3)); do
      if ((i % 5 == 0)); then echo "|value-$i-$pad"; else echo "key-$i|value-$i-$pad"; fi
    done | kcat -P -b "$bootstrap" -t "$topic" -p "$p" -K '|' -Z -z "$codec" -H app=compat -H empty= -X linger.ms=5 -X message.timeout.ms=30000
  done
else
  bootstrap=$2 topic=$3 count=$4 group=$5
  # -J prints JSON; headers come as a flat list.
  kcat -b "$bootstrap" -X auto.offset.reset=earliest -J -q -c "$count" -G "$group" ${topic//,/ } |
    python3 -c '
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    flat = m.get("headers") or []
    headers = [[flat[i], flat[i + 1] or ""] for i in range(0, len(flat), 2)]
    print(json.dumps({"t": m["topic"], "p": m["partition"], "o": m["offset"], "k": m["key"], "v": m["payload"], "h": headers}))
'
fi
