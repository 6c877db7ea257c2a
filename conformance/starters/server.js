// A web server to begin with: it answers GET / and closes the connection. The rest is yours.
//
// node server.js PORT

const net = require("node:net");

const PAGE = "<!DOCTYPE html>\n<title>It works</title>\n<h1>It works</h1>\n";

function response(status, content) {
  const length = Buffer.byteLength(content);
  const fields = `Content-Type: text/html\r\nContent-Length: ${length}\r\nConnection: close\r\n`;
  return `HTTP/1.1 ${status}\r\n${fields}\r\n${content}`;
}

function answer(head) {
  const words = head.split("\r\n")[0].split(" ");
  if (words.length !== 3) return response("400 Bad Request", "");
  if (words[0] === "GET" && words[1] === "/") return response("200 OK", PAGE);
  return response("404 Not Found", "");
}

const server = net.createServer((connection) => {
  let head = "";
  let answered = false;
  connection.on("data", (received) => {
    if (answered) return;
    // latin1 keeps every byte as it came.
    head += received.toString("latin1");
    // The request line and the fields: everything up to the empty line.
    if (head.includes("\r\n\r\n") || head.length >= 16384) {
      answered = true;
      connection.end(answer(head));
      connection.destroySoon();
    }
  });
  // A client that says nothing must not keep its connection for ever.
  connection.setTimeout(5000, () => connection.destroy());
  connection.on("error", (error) => console.log(error.message));
});

server.listen(Number(process.argv[2]), "127.0.0.1");
