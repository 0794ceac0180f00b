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
		m := map[string]string{}
		for j, field := range strings.Split(line, ";") {
			m[columns[j%4]] = field
			m["fields"] = strconv.Itoa(j + 1)
		}
		row, err := strconv.Atoi(m["row"])
		group, err2 := strconv.Atoi(m["group"])
		if m["fields"] != "4" || err != nil || err2 != nil || group < 1 || group > 5 || row < 1 {
			return nil, fmt.Errorf("not a passenger: %q", line)
		}
		switch m["child"] {
		case "yes":
			m["group"] = "0"
		case "no":
			m["group"] = strconv.Itoa(group)
		default:
			return nil, fmt.Errorf("not a passenger: %q", line)
		}
		key := m["group"] + fmt.Sprintf("%020d", 1<<62-row) + m["name"] + fmt.Sprintf("\x00%09d", i)
		keys = append(keys, key)
		names[key] = m["name"]
	}
	sort.Strings(keys)
	for i := range keys {
		keys[i] = names[keys[i]]
	}
	return keys, nil
}
