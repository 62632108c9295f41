#!/usr/bin/env bash
# mqtt 5.16.0 (MQTT.js, npm) as a client of MQTT 3.1.1, against a broker (aedes 1.2.0) that refuses a QoS 1 PUBLISH by closing the connection.
#
# [MQTT-3.3.5-2] leaves a broker that refuses a PUBLISH two ways: acknowledge it, or close the connection. The second is what
# aedes does when authorizePublish gives an error. MQTT.js then connects again and sends the same PUBLISH again, and so on: the callback of
# publish() is not called, and no `error` event tells of it. Nothing bounds the attempts but the pause between them.
# A broker that acknowledges and drops the message ends it at once.
#
# Output seen:
#   refused by closing: at least 5 attempts, callback called: false, errors: 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund aedes@1.2.0 mqtt@5.16.0 >/dev/null
cat > check.mjs <<'JS'
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';

let attempts = 0;
let called = false;
let errors = 0;
const broker = await Aedes.createBroker({
  authorizePublish: (client, packet, done) => {
    attempts += 1;
    if (attempts === 5) {
      console.log(`refused by closing: at least ${attempts} attempts, callback called: ${called}, errors: ${errors}`);
      process.exit();
    }
    done(new Error('not allowed'));
  },
});
const server = createServer(broker.handle);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = mqtt.connect({ host: '127.0.0.1', port: server.address().port, reconnectPeriod: 20 });
client.on('error', () => {
  errors += 1;
});
client.publish('topic', 'text', { qos: 1 }, () => {
  called = true;
});
setTimeout(() => {
  console.log(`only ${attempts} attempts, callback called: ${called}, errors: ${errors}`);
  process.exit();
}, 20_000);
JS
seen=$(node check.mjs)
echo "$seen"
[ "$seen" = 'refused by closing: at least 5 attempts, callback called: false, errors: 0' ]
