// Answers with its name, with its health, and with what its build saw. HTTP by hand, since compiling net/http takes longer
// than all the rest of a build.
package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"net"
	"os"
	"strings"
)

//go:generate go run ./record
//go:embed built.json
var built string

func answer(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	request, _ := reader.ReadString('\n')
	for line := "x"; strings.TrimSpace(line) != ""; {
		line, _ = reader.ReadString('\n')
	}
	words := append(strings.Fields(request), "", "")
	body, found := map[string]string{"/health": "ok\n", "/built": built}[words[1]]
	if !found {
		body = "go\n"
	}
	fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		panic(err)
	}
	for {
		if connection, err := listener.Accept(); err == nil {
			go answer(connection)
		}
	}
}
