package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

func fail(label string, values ...interface{}) {
	fmt.Println(append([]interface{}{label}, values...)...)
	os.Exit(1)
}

func read(data []byte) (payload []byte, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			fail("panic:", problem)
		}
	}()
	return ReadFrame(bytes.NewReader(data))
}

func main() {
	if payload, err := read([]byte("\x00\x00\x00\x02hi and more")); err != nil || string(payload) != "hi" {
		fail("wrong payload", payload, err)
	}
	if payload, err := read([]byte{0, 0, 0, 0}); err != nil || len(payload) != 0 {
		fail("wrong empty payload", payload, err)
	}
	if payload, err := read(append([]byte{0, 1, 0, 0}, make([]byte, 64<<10)...)); err != nil || len(payload) != 64<<10 {
		fail("wrong large payload", len(payload), err)
	}
	if _, err := read(nil); err != io.EOF {
		fail("wrong end", err)
	}
	for _, part := range []string{"\x00\x00", "\x00\x00\x00\x03", "\x00\x00\x00\x03hi"} {
		if _, err := read([]byte(part)); err != io.ErrUnexpectedEOF {
			fail("wrong end inside", err)
		}
	}
	for _, length := range []string{"\x00\x01\x00\x01", "\x7f\xff\xff\xff", "\x80\x00\x00\x00", "\xff\xff\xff\xff"} {
		if _, err := read([]byte(length + "hi")); err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
			fail("wrong error for a long frame", err)
		}
	}
}
