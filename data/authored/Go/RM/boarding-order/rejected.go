// Package boarding calls passengers to the gate.
package boarding

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Order returns the names of passengers in the order of boarding.
func Order(lines []string) ([]string, error) {
	columns := []string{"name", "group", "row", "child"}
	keys := []string{}
	names := make(map[string]string)
	for i, line := range lines {
		passenger := map[string]string{}
		for j, field := range strings.Split(line, ";") {
			passenger[columns[j%4]] = field
			passenger["fields"] = strconv.Itoa(j + 1)
		}
		row, err := strconv.Atoi(passenger["row"])
		group, err2 := strconv.Atoi(passenger["group"])
		if passenger["fields"] != "4" || err != nil || err2 != nil || group < 1 || group > 5 || row < 1 {
			return nil, fmt.Errorf("not a passenger: %q", line)
		}
		switch passenger["child"] {
		case "yes":
			passenger["group"] = "0"
		case "no":
			passenger["group"] = strconv.Itoa(group)
		default:
			return nil, fmt.Errorf("not a passenger: %q", line)
		}
		key := passenger["group"] + fmt.Sprintf("%020d", 1<<62-row) + passenger["name"] + fmt.Sprintf("\x00%09d", i)
		keys = append(keys, key)
		names[key] = passenger["name"]
	}
	sort.Strings(keys)
	for i := range keys {
		keys[i] = names[keys[i]]
	}
	return keys, nil
}
