#!/usr/bin/env bash
# aedes 1.2.0 (npm), an MQTT 3.1 and 3.1.1 broker, with the option keepaliveLimit.
#
# The option reads like a bound on long keep-alives. It refuses a keep-alive of 0, too, which MQTT 3.1.1 (3.1.2.10) defines as
# "none", and answers both with CONNACK return code 6. Table 3.1 of MQTT 3.1.1 ends with 5 and reserves all above, so a client of
# MQTT 3.1.1 has no word for what went wrong. A keep-alive within the limit is accepted.
#
# Output seen:
#   keep-alive 60: 0
#   keep-alive 0: 6
#   keep-alive 301: 6
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund aedes@1.2.0 mqtt-packet@9.0.2 >/dev/null
cat > check.mjs <<'JS'
import { connect, createServer } from 'node:net';
import { Aedes } from 'aedes';
import mqtt from 'mqtt-packet';

const broker = await Aedes.createBroker({ keepaliveLimit: 300 });
const server = createServer(broker.handle);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

function returnCode(keepalive) {
  return new Promise((resolve) => {
    const socket = connect(server.address().port, '127.0.0.1');
    const parser = mqtt.parser();
    parser.on('packet', (packet) => resolve(packet.returnCode));
    socket.on('data', (chunk) => parser.parse(chunk));
    socket.on('error', () => {});
    const hello = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true };
    socket.write(mqtt.generate({ ...hello, clientId: `k${keepalive}`, keepalive }));
  });
}
for (const keepalive of [60, 0, 301]) console.log(`keep-alive ${keepalive}: ${await returnCode(keepalive)}`);
process.exit();
JS
seen=$(node check.mjs)
echo "$seen"
[ "$seen" = $'keep-alive 60: 0\nkeep-alive 0: 6\nkeep-alive 301: 6' ]
