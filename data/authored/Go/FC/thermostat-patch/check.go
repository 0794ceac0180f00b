package main

import (
	"fmt"
	"os"
)

func main() {
	current := Settings{Target: 210, Offset: -5, Hold: true, Name: "Hall"}
	for _, c := range []struct {
		body     string
		expected Settings
	}{
		{`{}`, current},
		{`{"target": -150}`, Settings{-150, -5, true, "Hall"}},
		{`{"name": "Attic", "offset": 50}`, Settings{210, 50, true, "Attic"}},
		{`{"target": 0}`, Settings{0, -5, true, "Hall"}},
		{`{"offset": 0, "hold": false}`, Settings{210, 0, false, "Hall"}},
		{`{"name": ""}`, Settings{210, -5, true, ""}},
	} {
		actual, err := Apply(current, []byte(c.body))
		if err != nil || actual != c.expected {
			fmt.Printf("%s: got %+v, %v, expected %+v\n", c.body, actual, err, c.expected)
			os.Exit(1)
		}
	}
	for _, body := range []string{``, `[1]`, `{"target": 301}`, `{"offset": -51}`, `{"fan": 1}`, `{"hold": "no"}`} {
		if actual, err := Apply(current, []byte(body)); err == nil || actual != current {
			fmt.Printf("%s: got %+v, %v\n", body, actual, err)
			os.Exit(1)
		}
	}
}
