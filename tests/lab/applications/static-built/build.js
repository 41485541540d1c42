// Writes the site, and which of two values the build was given: as length and digest and never the value itself.
const crypto = require("crypto");
const fs = require("fs");

function seen(name) {
  const secret = `/run/secrets/${name}`;
  const value = process.env[name] || (fs.existsSync(secret) ? fs.readFileSync(secret, "utf8") : "");
  return { length: value.length, sha256: crypto.createHash("sha256").update(value).digest("hex").slice(0, 12) };
}
const names = ["BUILD_NOTE", "BUILD_TOKEN"];
fs.mkdirSync("dist/assets", { recursive: true });
fs.copyFileSync("page.html", "dist/index.html");
fs.writeFileSync("dist/health", "ok\n");
fs.writeFileSync("dist/built", JSON.stringify(Object.fromEntries(names.map((name) => [name, seen(name)]))));
fs.writeFileSync("dist/assets/app-1a2b3c4d.js", `console.log("static-built");\n`.repeat(200));
console.log("dist is written");
