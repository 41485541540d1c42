// Answers with what its one dependency makes of two days.
const http = require("http");
const ms = require("ms");

http
  .createServer((request, response) => response.end(request.url === "/health" ? "ok\n" : `node-npm ${ms("2 days")}\n`))
  .listen(Number(process.env.PORT || 8080));
process.on("SIGTERM", () => process.exit(0));
