// Run by the build: writes down which of two values it was given, as length and digest and never the value itself.
const crypto = require("crypto");
const fs = require("fs");

function seen(name) {
  const secret = `/run/secrets/${name}`;
  const value = process.env[name] || (fs.existsSync(secret) ? fs.readFileSync(secret, "utf8") : "");
  return { length: value.length, sha256: crypto.createHash("sha256").update(value).digest("hex").slice(0, 12) };
}
const names = ["BUILD_NOTE", "BUILD_TOKEN"];
fs.writeFileSync("built.json", JSON.stringify(Object.fromEntries(names.map((name) => [name, seen(name)]))));
