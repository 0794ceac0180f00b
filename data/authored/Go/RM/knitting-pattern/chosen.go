// Package knitting reads knitting patterns.
package knitting

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	count    = `[1-9][0-9]{0,2}`
	stitches = `[kp]` + count
	list     = stitches + `(?: ` + stitches + `)*`
	part     = `(?:` + stitches + `|\[` + list + `\]x` + count + `)`
)

var (
	rowForm      = regexp.MustCompile(`^` + part + `(?: ` + part + `)*$`)
	repeatForm   = regexp.MustCompile(`\[(` + list + `)\]x(` + count + `)`)
	stitchesForm = regexp.MustCompile(`([kp])(` + count + `) ?`)
)

// Expand returns one letter per stitch of a row.
func Expand(row string) (string, error) {
	if !rowForm.MatchString(row) {
		return "", fmt.Errorf("not a row of a pattern: %q", row)
	}
	// The brackets go first, then only stitches are left.
	flat := replace(repeatForm, row, func(list string, times int) string {
		return strings.Repeat(list+" ", times)
	})
	letters := replace(stitchesForm, flat, strings.Repeat)
	return strings.ReplaceAll(letters, " ", ""), nil
}

// replace applies a function to what is repeated and how often, wherever a form matches.
func replace(form *regexp.Regexp, text string, repeat func(what string, times int) string) string {
	return form.ReplaceAllStringFunc(text, func(match string) string {
		parts := form.FindStringSubmatch(match)
		times, _ := strconv.Atoi(parts[2])
		return repeat(parts[1], times)
	})
}
