// Answers with its name, with its health, and with what its build saw.
const fs = require("fs");
const http = require("http");

const built = fs.existsSync("built.json") ? fs.readFileSync("built.json", "utf8") : "{}";
const pages = { "/health": "ok\n", "/built": built };
http
  .createServer((request, response) => {
    response.setHeader("X-Version", process.env.VERSION || "1");
    response.end(pages[request.url] || "node\n");
  })
  .listen(Number(process.env.PORT || 8080));
process.on("SIGTERM", () => process.exit(0));
