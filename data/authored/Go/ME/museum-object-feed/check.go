package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

type countingReader struct {
	source io.Reader
	read   int
}

func (r *countingReader) Read(buffer []byte) (int, error) {
	n, err := r.source.Read(buffer)
	r.read += n
	return n, err
}

func fail(label string, value interface{}) {
	fmt.Println(label, value)
	os.Exit(1)
}

func collect(text string) (objects []Object, err error) {
	err = Each(strings.NewReader(text), func(object Object) error {
		objects = append(objects, object)
		return nil
	})
	return objects, err
}

func main() {
	objects, err := collect(`[{"id": "A1", "title": "Jug", "year": 1720}, {"id": "B2", "extra": [1]}]`)
	if err != nil || len(objects) != 2 || objects[0] != (Object{"A1", "Jug", 1720}) || objects[1].ID != "B2" {
		fail("wrong objects:", objects)
	}
	if objects, err = collect(" [ ] "); err != nil || objects != nil {
		fail("wrong for none:", err)
	}
	for _, wrong := range []string{"", "{}", "null", "[", `[{"id": 1}]`, `[{"id": "A"}`, "[3]"} {
		if _, err = collect(wrong); err == nil {
			fail("accepted:", wrong)
		}
	}
	stop := errors.New("stop")
	if err = Each(strings.NewReader("[{}, {}]"), func(Object) error { return stop }); !errors.Is(err, stop) {
		fail("wrong error:", err)
	}

	feed := &countingReader{source: strings.NewReader("[" + strings.Repeat(`{"id": "A", "title": "Vase"},`, 20000) + "{}]")}
	first := 0
	err = Each(feed, func(Object) error {
		if first == 0 {
			first = feed.read
		}
		return nil
	})
	if err != nil || first > 64<<10 {
		fail("bytes read before the first object:", first)
	}
}
