package main

import (
	"bytes"
	"fmt"
	"os"
)

func fail(label string, value interface{}) {
	fmt.Println(label, value)
	os.Exit(1)
}

func main() {
	key := bytes.Repeat([]byte{7}, 32)
	text := []byte("Today we went to the sea and swam.")
	sealed, err := Seal(key, "2024-05-01", text)
	if err != nil {
		fail("error of Seal:", err)
	}
	if opened, err := Open(key, "2024-05-01", sealed); err != nil || !bytes.Equal(opened, text) {
		fail("wrong text:", err)
	}
	changed := append([]byte{}, sealed...)
	changed[len(changed)-1] ^= 1
	other := bytes.Repeat([]byte{8}, 32)
	for i, try := range []struct {
		key    []byte
		id     string
		sealed []byte
	}{{key, "2024-05-02", sealed}, {key, "2024-05-01", changed}, {other, "2024-05-01", sealed}, {key, "2024-05-01", nil}} {
		if _, err := Open(try.key, try.id, try.sealed); err == nil {
			fail("opened in spite of all, try", i)
		}
	}
	if _, err := Seal(key[:5], "x", text); err == nil {
		fail("a key was accepted of bytes:", 5)
	}

	again, err := Seal(key, "2024-05-01", text)
	if err != nil || bytes.Equal(again, sealed) {
		fail("two versions of an entry are sealed alike", err)
	}
}
