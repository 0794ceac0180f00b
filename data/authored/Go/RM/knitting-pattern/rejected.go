// Package knitting reads knitting patterns.
package knitting

import (
	"fmt"
	"strings"
)

// Expand returns one letter per stitch of a row.
func Expand(row string) (string, error) {
	var out, g string
	var c byte
	n, in, st := 0, false, 0
	for i := 0; i <= len(row); i++ {
		b := byte(' ')
		if i < len(row) {
			b = row[i]
		}
		switch {
		case st == 0 && (b == 'k' || b == 'p'):
			c, st = b, 1
		case st == 0 && b == '[' && !in:
			in, g = true, ""
		case (st == 1 || st == 4) && b >= '1' && b <= '9' || (st == 2 || st == 5) && b == '0' && n < 100,
			(st == 2 || st == 5) && b >= '1' && b <= '9' && n < 100:
			n = n*10 + int(b-'0')
			// States 1 and 4 come before the first digit.
			if st == 1 || st == 4 {
				st++
			}
		case st == 2 && (b == ' ' || b == ']' && in):
			g += strings.Repeat(string(rune(c)), n)
			n, st = 0, 0
			if b == ']' {
				in, st = false, 3
			} else if !in {
				out, g = out+g, ""
			}
		case st == 3 && b == 'x':
			st = 4
		case st == 5 && b == ' ':
			out, g, n, st = out+strings.Repeat(g, n), "", 0, 0
		default:
			return "", fmt.Errorf("not a row of a pattern: %q", row)
		}
	}
	if in || st != 0 {
		return "", fmt.Errorf("not a row of a pattern: %q", row)
	}
	return out, nil
}
