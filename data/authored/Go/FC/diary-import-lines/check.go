package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing/iotest"
)

func fail(format string, arguments ...interface{}) {
	fmt.Printf(format+"\n", arguments...)
	os.Exit(1)
}

func expect(source string, expected ...string) {
	entries, err := Import(strings.NewReader(source))
	if err != nil || len(entries) != len(expected) {
		fail("%.40q: got %d entries, %v, expected %d", source, len(entries), err, len(expected))
	}
	for i, entry := range entries {
		if text := entry.Day.Format("2006-01-02") + "|" + entry.Text; text != expected[i] {
			fail("%.40q: got %.40q, expected %.40q", source, text, expected[i])
		}
	}
}

func main() {
	expect("")
	expect("2024-05-01\tFirst swim\n\n2024-05-02\ta\tb\n", "2024-05-01|First swim", "2024-05-02|a\tb")
	expect("2024-05-01\tone\r\n\r\n2024-05-02\t\r\n", "2024-05-01|one", "2024-05-02|")
	picture := strings.Repeat("x", 1<<20)
	expect("2024-05-01\t"+picture+"\n2024-05-02\tb\n", "2024-05-01|"+picture, "2024-05-02|b")
	expect("2024-05-01\tone\n2024-05-02\ttwo", "2024-05-01|one", "2024-05-02|two")

	for _, wrong := range []string{"2024-05-01 none\n", "2024-02-30\tnone\n"} {
		if _, err := Import(strings.NewReader("2024-05-01\tone\n\n" + wrong)); err == nil || !strings.Contains(err.Error(), "3") {
			fail("%q: got the error %v", wrong, err)
		}
	}
	if _, err := Import(iotest.ErrReader(errors.New("disk"))); err == nil {
		fail("an error of the source was lost")
	}
}
