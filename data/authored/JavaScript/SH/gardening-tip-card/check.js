"use strict";

const assert = require("node:assert");
const { tipCard } = require("./solution.js");

const card = (fields) => tipCard({ author: "Ann", website: "", stars: 4, text: "Nice", ...fields });

assert.strictEqual(card({}), '<article class="tip"><header>Ann ★★★★☆</header><p>Nice</p></article>');
assert.ok(card({ text: "a\n\n b " }).endsWith("<p>a</p><p>b</p></article>"));
assert.match(card({ website: "https://ann.example/garden" }), /<a href="https:\/\/ann\.example\/garden"[^>]*>Ann<\/a>/);
assert.ok(!card({ author: "<img src=x>", text: "<script>1</script>" }).match(/<img|<script/));
assert.ok(!card({ website: 'https://a.example/" onclick="x' }).includes('" onclick="'));
for (const website of ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "java\nscript:alert(1)"]) {
  assert.doesNotMatch(card({ website }), /href="\s*(java|data)/i);
}
