"use strict";

const assert = require("node:assert");
const { tileFile } = require("./solution.js");

const ROOT = "/srv/tiles";
assert.strictEqual(tileFile(ROOT, "/alps/12/2143/1441.png"), "/srv/tiles/alps/12/2143/1441.png");
assert.strictEqual(tileFile(ROOT, "/lake%20side/1/2/3.webp"), "/srv/tiles/lake side/1/2/3.webp");
assert.strictEqual(tileFile(ROOT, "/..alps/3.png"), "/srv/tiles/..alps/3.png");
assert.strictEqual(tileFile(ROOT, "/alps/../jura/3.png"), "/srv/tiles/jura/3.png");
for (const wrong of ["/alps/12.json", "/%zz.png", "/", "", "/../secret.png", "/%2e%2e/%2e%2e/etc/x.png", "/a%00.png"]) {
  assert.strictEqual(tileFile(ROOT, wrong), null, wrong);
}
assert.strictEqual(tileFile(ROOT, "/../tiles-internal/plan.png"), null);
assert.strictEqual(tileFile(ROOT, "/%2e%2e%2ftiles2/plan.webp"), null);
