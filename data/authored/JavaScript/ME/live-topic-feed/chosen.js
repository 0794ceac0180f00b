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
  const forward = (message) => {
    response.write(`data: ${JSON.stringify(message)}\n\n`);
  };
  const ping = setInterval(() => response.write(": ping\n\n"), PING_INTERVAL_MS);

  response.writeHead(200, HEADERS);
  bus.on(topic, forward);
  response.once("close", () => {
    bus.off(topic, forward);
    clearInterval(ping);
  });
}

module.exports = { openFeed };
