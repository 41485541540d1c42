// Run by the build: writes down which of two values it was given, as length and digest and never the value itself.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

func main() {
	record := []string{}
	for _, name := range []string{"BUILD_NOTE", "BUILD_TOKEN"} {
		value := os.Getenv(name)
		if secret, err := os.ReadFile("/run/secrets/" + name); value == "" && err == nil {
			value = string(secret)
		}
		digest := sha256.Sum256([]byte(value))
		short := hex.EncodeToString(digest[:])[:12]
		record = append(record, fmt.Sprintf(`"%s": {"length": %d, "sha256": "%s"}`, name, len(value), short))
	}
	text := "{" + strings.Join(record, ", ") + "}"
	if err := os.WriteFile("built.json", []byte(text), 0o644); err != nil {
		panic(err)
	}
}
