package main

import (
	"fmt"
	"os"
	"reflect"
)

func expect(label string, actual, expected [][]string) {
	if len(actual) == 0 && len(expected) == 0 {
		return
	}
	if !reflect.DeepEqual(actual, expected) {
		fmt.Printf("%s: got %v, expected %v\n", label, actual, expected)
		os.Exit(1)
	}
}

func main() {
	simple := map[string][]string{"app": {"db", "log"}, "db": {"log"}}
	expect("two chains", Chains(simple, "app", "log"), [][]string{{"app", "db", "log"}, {"app", "log"}})
	expect("no chain", Chains(simple, "log", "app"), nil)
	expect("same package", Chains(simple, "db", "db"), [][]string{{"db"}})

	cycle := map[string][]string{"a": {"b"}, "b": {"a", "c"}}
	expect("cycle", Chains(cycle, "a", "c"), [][]string{{"a", "b", "c"}})

	wide := map[string][]string{
		"cmd":    {"server"},
		"server": {"store"},
		"store":  {"errors", "cache", "codec"},
		"cache":  {"errors"},
		"codec":  {"errors"},
	}
	expect("branches late in a chain", Chains(wide, "cmd", "errors"), [][]string{
		{"cmd", "server", "store", "errors"},
		{"cmd", "server", "store", "cache", "errors"},
		{"cmd", "server", "store", "codec", "errors"},
	})
}
