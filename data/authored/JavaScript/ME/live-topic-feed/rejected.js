"use strict";

const PING_INTERVAL_MS = 15_000;

const HEADERS = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-cache",
  Connection: "keep-alive",
};

/**
 * Stream the messages of a topic to a browser until it disconnects.
 *
 * @param {import("node:events").EventEmitter} bus
 * @param {string} topic
 * @param {import("node:http").ServerResponse} response
 */
function openFeed(bus, topic, response) {
  let connected = true;
  const send = (lines) => {
    if (connected) {
      response.write(`${lines}\n\n`);
    }
  };
  const ping = setInterval(() => send(": ping"), PING_INTERVAL_MS);

  response.writeHead(200, HEADERS);
  bus.on(topic, (message) => send(`data: ${JSON.stringify(message)}`));
  response.once("close", () => {
    connected = false;
    clearInterval(ping);
  });
}

module.exports = { openFeed };
