package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

type countingWriter struct {
	text  bytes.Buffer
	calls int
	full  error
}

func (w *countingWriter) Write(data []byte) (int, error) {
	w.calls++
	if w.full != nil {
		return 0, w.full
	}
	return w.text.Write(data)
}

func fail(label string, value interface{}) {
	fmt.Println(label, value)
	os.Exit(1)
}

func main() {
	var w countingWriter
	err := WriteXYZ(&w, []Point{{1, -2.5, 0.0004, "ground"}, {0.1236, 7, 100, ""}})
	if err != nil || w.text.String() != "2\n1.000 -2.500 0.000 ground\n0.124 7.000 100.000 -\n" {
		fail("wrong text:", w.text.String())
	}
	full := &countingWriter{full: errors.New("disk full")}
	if err := WriteXYZ(full, []Point{{}}); !errors.Is(err, full.full) {
		fail("wrong error:", err)
	}

	cloud := countingWriter{}
	if err := WriteXYZ(&cloud, make([]Point, 5000)); err != nil || bytes.Count(cloud.text.Bytes(), []byte("\n")) != 5001 {
		fail("wrong cloud:", err)
	}
	if cloud.calls > 100 {
		fail("calls for 5,000 points:", cloud.calls)
	}
}
